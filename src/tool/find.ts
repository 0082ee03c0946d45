import { access, constants, realpath } from "node:fs/promises";
import { join } from "node:path";
import { DbackedError, reasonOf } from "../base/error.ts";
import { log } from "../base/log.ts";
import { cleanEnvironment } from "./environment.ts";
import { readOutput } from "./run.ts";

/** How long a program may take to say its version, in ms. */
const VERSION_MS = 30_000;

/** Programs of an engine that are installed together, in one folder, and have one version. */
export interface ToolFamily {
  /** All of them must be in the folder; the first is asked for the version. */
  programs: readonly [string, ...string[]];
  /** Folders that are searched before PATH; each may hold wildcards, and needs not exist. */
  usualPlaces: readonly string[];
  /** How the first is asked for it, where what the caller has set up for the program would have an effect on that too. */
  asking?: { args: readonly string[]; env: Readonly<Record<string, string>> };
  /**
   * The version in what `--version` prints; null if that is another family's program of the same name.
   *
   * @default the first number in it
   */
  readVersion?: (said: string) => string | null;
  /** How to install at least the version `major`, as a command; 0 is any version. */
  install(major: number): string;
}

export interface FoundTools {
  directory: string;
  /** As the program prints it: `15.18`. */
  version: string;
  /** The first number of `version`. */
  major: number;
}

/**
 * Lists the installed versions, the oldest first. With `only` nothing else is searched: no usual place and no PATH.
 * Of two of the same major version the first found comes first.
 *
 * @throws {DbackedError} `tool`, if a program does not say its version within `limitMs`.
 */
export async function findTools(
  family: ToolFamily,
  only: string | undefined,
  signal: AbortSignal,
  limitMs = VERSION_MS,
): Promise<FoundTools[]> {
  const directories = only === undefined ? await searchedDirectories(family) : [only];
  const found = await Promise.all(directories.map((each) => look(family, each, signal, limitMs)));
  return found.filter((each) => each !== null).toSorted((a, b) => a.major - b.major);
}

/**
 * Chooses the oldest version that is at least `major`: a newer one may write what an older server cannot read.
 *
 * @param reason says who needs that version: `the server is version 16.4`.
 * @throws {DbackedError} `tool`, if there is none, with the command that installs it.
 */
export function chooseTools<Tools extends FoundTools>(
  family: ToolFamily,
  found: readonly Tools[],
  need: { major: number; reason: string; only: string | undefined },
): Tools {
  const chosen = found.find((each) => each.major >= need.major);
  if (chosen !== undefined) return chosen;
  const newest = found.at(-1);
  const where = need.only === undefined ? "on this host" : `in ${need.only}`;
  const [program] = family.programs;
  const message =
    newest === undefined
      ? `no ${program} ${where}`
      : `${program} ${newest.version} is the newest ${where}, which is too old`;
  throw new DbackedError("tool", `${message}: ${need.reason}`, {
    hint: `${family.install(need.major)}, or set databaseToolsDirectory to where ${family.programs.join(", ")} are`,
  });
}

async function searchedDirectories(family: ToolFamily): Promise<string[]> {
  const usual = await Promise.all(family.usualPlaces.map(expand));
  const path = (cleanEnvironment()["PATH"] ?? "").split(":").filter((each) => each.startsWith("/"));
  return [...new Set([...usual.flat(), ...path])];
}

/** Resolves the wildcards of a folder's name. */
async function expand(place: string): Promise<string[]> {
  if (!place.includes("*")) return [place];
  const glob = new Bun.Glob(place.slice(1));
  const folders = await Array.fromAsync(glob.scan({ cwd: "/", onlyFiles: false, absolute: true }));
  return folders.toSorted();
}

async function look(
  family: ToolFamily,
  directory: string,
  signal: AbortSignal,
  limitMs: number,
): Promise<FoundTools | null> {
  const all = await Promise.all(family.programs.map((program) => isExecutable(join(directory, program))));
  if (!all.every(Boolean)) return null;
  const program = join(directory, family.programs[0]);
  const limit = AbortSignal.timeout(limitMs);
  const { args = [], env = {} } = family.asking ?? {};
  const argv = [program, ...args, "--version"] as const;
  const said = await readOutput({ argv, env }, AbortSignal.any([signal, limit])).catch(
    async (error: unknown) => {
      if (!signal.aborted && !limit.aborted) await warnOnce(argv, error);
      return null;
    },
  );
  signal.throwIfAborted();
  if (said === null && limit.aborted)
    throw new DbackedError("tool", `${program} did not say its version within ${limitMs / 1000} seconds`, {
      hint: `does \`${program} --version\` hang? Else set databaseToolsDirectory to other programs`,
    });
  const version = said === null ? null : (family.readVersion ?? firstNumber)(said);
  return version === null ? null : { directory, version, major: Number.parseInt(version, 10) };
}

/** Programs that were said to be broken: each is looked for again and again, and under several names. */
const broken = new Set<string>();

/** Such a program is passed over, since there may be a good one elsewhere; but nobody may take it for absent. */
async function warnOnce(argv: readonly [string, ...string[]], error: unknown): Promise<void> {
  const [program] = argv;
  const place = await realpath(program).catch(() => program);
  if (broken.has(place)) return;
  broken.add(place);
  log.warn(`${program} is not used, since \`${argv.join(" ")}\` fails: ${reasonOf(error)}`);
}

function firstNumber(said: string): string | null {
  return /\d+(?:\.\d+)*/.exec(said)?.[0] ?? null;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
