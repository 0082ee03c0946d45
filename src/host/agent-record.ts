import { link, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { DbackedError } from "../base/error.ts";
import { isAlive } from "../tool/alive.ts";
import { createFile, hasCode, nameBeside, readIfThere } from "./small-file.ts";
import { makeFolder } from "./state.ts";

const recordSchema = z.object({
  name: z.string(),
  pid: z.int().positive(),
  /** What tells this process from another one that gets its number later; null where the system does not tell. */
  process: z.object({ host: z.string(), pid: z.int(), startedAt: z.string() }).nullable(),
  since: z.iso.datetime(),
  version: z.string(),
  /** The config file; null if the environment says everything. */
  config: z.string().nullable(),
  /** The file that it logs to; null if that is for whoever started it. */
  log: z.string().nullable(),
});

/** What an agent that runs says of itself. */
export type AgentRecord = z.infer<typeof recordSchema>;

/** Says whether a process is gone, though its number may have been given again. */
export type IsGone = (mark: NonNullable<AgentRecord["process"]>) => Promise<boolean>;

/** A record that is left behind is taken away and written anew; somebody else may do so at the same time. */
const ATTEMPTS = 5;

/**
 * Says in `folder` that an agent runs, until disposed. What one left behind that is gone is replaced.
 *
 * @throws {DbackedError} `busy`, if another one of that name runs; an error of the file system, if nothing can be written there.
 */
export async function claimAgent(
  folder: string,
  record: AgentRecord,
  isGone: IsGone,
): Promise<AsyncDisposable> {
  const path = pathOf(folder, record.name);
  await makeFolder(join(folder, "agents"));
  for (let attempt = 1; ; attempt += 1) {
    try {
      await createFile(path, `${JSON.stringify(record, null, 2)}\n`);
      return { [Symbol.asyncDispose]: async () => await removeIfOf(path, record.pid) };
    } catch (error) {
      if (!hasCode(error, "EEXIST") || attempt === ATTEMPTS) throw error;
    }
    const other = await readRecord(path);
    if (other !== null && (await runs(other, isGone))) throw refuse(other);
    await takeAway(path, isGone);
  }
}

/** Removes what is left of an agent that is gone. Another one may have done so before us, and have taken the name. */
async function takeAway(path: string, isGone: IsGone): Promise<void> {
  const aside = nameBeside(path);
  try {
    await rename(path, aside);
    const taken = await readRecord(aside);
    if (taken !== null && (await runs(taken, isGone))) await link(aside, path);
  } catch (error) {
    if (!hasCode(error, "ENOENT") && !hasCode(error, "EEXIST")) throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

/** The agents of that folder that run, by their names. */
export async function readAgents(folder: string, isGone: IsGone): Promise<AgentRecord[]> {
  const files = await readdir(join(folder, "agents")).catch((error: unknown) => {
    if (hasCode(error, "ENOENT") || hasCode(error, "EACCES")) return [];
    throw error;
  });
  const agents: AgentRecord[] = [];
  for (const file of files.filter((each) => each.endsWith(".json")).toSorted()) {
    const record = await readRecord(join(folder, "agents", file));
    if (record !== null && (await runs(record, isGone))) agents.push(record);
  }
  return agents;
}

/** Whether the process that wrote a record still runs. */
async function runs({ process: mark, pid }: AgentRecord, isGone: IsGone): Promise<boolean> {
  return mark === null ? isAlive(pid) : !(await isGone(mark)) && isAlive(pid);
}

async function removeIfOf(path: string, pid: number): Promise<void> {
  const record = await readRecord(path);
  if (record?.pid === pid) await rm(path, { force: true });
}

/** What is no record, since its writer was killed half-way, is as good as none. */
async function readRecord(path: string): Promise<AgentRecord | null> {
  try {
    const parsed = recordSchema.safeParse(JSON.parse((await readIfThere(path)) ?? "null"));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function refuse({ name, pid, since }: AgentRecord): DbackedError {
  return new DbackedError(
    "busy",
    `An agent of the name "${name}" runs here: process ${pid}, since ${since}`,
    {
      hint: "`dbacked daemon stop` ends it; a second one needs another name: --name",
    },
  );
}

function pathOf(folder: string, name: string): string {
  return join(folder, "agents", `${name}.json`);
}
