import { join } from "node:path";
import { chooseTools, findTools, type FoundTools, type ToolFamily } from "../../tool/find.ts";

/** What MongoDB's tools of unknown version are taken for: all since 2020 have this major version. */
const SELF_BUILT = "100 (self-built)";

/** MongoDB's own programs: they have versions of their own, and know every server that MongoDB still supports. */
export const MONGODB_TOOLS: ToolFamily = {
  programs: ["mongodump", "mongorestore"],
  // MongoDB's archives, unpacked; Homebrew.
  usualPlaces: [
    "/opt/mongodb-database-tools*/bin",
    "/opt/homebrew/opt/mongodb-database-tools/bin",
    "/usr/local/opt/mongodb-database-tools/bin",
  ],
  // `mongodump version: 100.9.4`, and then those of Git and Go. Built from source it says `built-without-version-string`.
  readVersion: (said) => {
    const version = /version: (\S+)/.exec(said)?.[1];
    if (version === undefined) return null;
    return /^r?(\d+(?:\.\d+)*)/.exec(version)?.[1] ?? SELF_BUILT;
  },
  install: () =>
    "apt-get install mongodb-database-tools, from MongoDB's own packages (https://www.mongodb.com/try/download/database-tools)",
};

/**
 * The newest of MongoDB's tools.
 *
 * @throws {DbackedError} `tool`, if none are there, or only such as are older than `major`.
 */
export async function findMongodbTools(
  need: { major: number; reason: string; only: string | undefined },
  signal: AbortSignal,
): Promise<FoundTools> {
  const found = await findTools(MONGODB_TOOLS, need.only, signal);
  // The first of the newest: what is in the usual places, or comes first on PATH.
  const newest = found.toSorted((a, b) => Bun.semver.order(semverOf(b), semverOf(a)));
  return chooseTools(MONGODB_TOOLS, newest, need);
}

/** The path of one of the programs. */
export function programIn(tools: FoundTools, name: "mongodump" | "mongorestore"): string {
  return join(tools.directory, name);
}

function semverOf({ version }: FoundTools): string {
  const [major = "0", minor = "0", patch = "0"] = version === SELF_BUILT ? ["100"] : version.split(".");
  return `${major}.${minor}.${patch}`;
}
