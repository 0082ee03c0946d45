import { randomBytes } from "node:crypto";
import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { DbackedError } from "../base/error.ts";
import { isAlive } from "../tool/alive.ts";
import { createFile, hasCode, readIfThere } from "./small-file.ts";
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

/** Two that begin at the same moment may both give way, and try again. */
const ATTEMPTS = 5;

/** How long, in ms, each waits at most before that. */
const PAUSE_MS = 200;

/** What begins and may still give way. */
const CLAIM = ".claim";

/** What runs. */
const RECORD = ".json";

/**
 * Says in `folder` that an agent runs, until disposed. What others have left behind that are gone is removed.
 *
 * @throws {DbackedError} `busy`, if another one of that name runs; an error of the file system, if nothing can be written there.
 */
export async function claimAgent(
  folder: string,
  record: AgentRecord,
  isGone: IsGone,
): Promise<AsyncDisposable> {
  const agents = join(folder, "agents");
  await makeFolder(agents);
  const stem = join(agents, `${record.name}.${randomBytes(8).toString("hex")}`);
  for (let attempt = 1; ; attempt += 1) {
    // Each writes before it looks, so that of two at least one sees the other.
    await createFile(stem + CLAIM, `${JSON.stringify(record, null, 2)}\n`);
    const other = await findOther(agents, record.name, stem + CLAIM, isGone);
    if (other === null) break;
    await rm(stem + CLAIM, { force: true });
    if (attempt === ATTEMPTS) throw refuse(other);
    await Bun.sleep(Math.random() * PAUSE_MS);
  }
  await rename(stem + CLAIM, stem + RECORD);
  return { [Symbol.asyncDispose]: async () => await rm(stem + RECORD, { force: true }) };
}

/** The agents of that folder that run, by their names. */
export async function readAgents(folder: string, isGone: IsGone): Promise<AgentRecord[]> {
  const found: AgentRecord[] = [];
  for (const { path, record } of await readRecords(join(folder, "agents")))
    if (path.endsWith(RECORD) && (await runs(record, isGone))) found.push(record);
  return found;
}

async function findOther(
  agents: string,
  name: string,
  own: string,
  isGone: IsGone,
): Promise<AgentRecord | null> {
  let other: AgentRecord | null = null;
  for (const { path, record } of await readRecords(agents)) {
    if (path === own) continue;
    if (!(await runs(record, isGone))) await rm(path, { force: true });
    else if (record.name === name) other = record;
  }
  return other;
}

/** Whether the process that wrote a record still runs. */
async function runs({ process: mark, pid }: AgentRecord, isGone: IsGone): Promise<boolean> {
  return mark === null ? isAlive(pid) : !(await isGone(mark)) && isAlive(pid);
}

async function readRecords(agents: string): Promise<{ path: string; record: AgentRecord }[]> {
  const files = await readdir(agents).catch((error: unknown) => {
    if (hasCode(error, "ENOENT") || hasCode(error, "EACCES")) return [];
    throw error;
  });
  const records: { path: string; record: AgentRecord }[] = [];
  for (const file of files.filter((each) => each.endsWith(RECORD) || each.endsWith(CLAIM)).toSorted()) {
    const path = join(agents, file);
    // What was a claim when it was listed may run by now, under its other name.
    const names = file.endsWith(CLAIM) ? [path, path.slice(0, -CLAIM.length) + RECORD] : [path];
    for (const name of names) {
      const record = await readRecord(name);
      if (record !== null) records.push({ path: name, record });
    }
  }
  return records;
}

/** What is no record is somebody else's. */
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
