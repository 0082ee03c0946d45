import type { ByteStream } from "../../base/bytes.ts";
import { ProgramFailure } from "../../tool/child.ts";
import { chooseTools, findTools } from "../../tool/find.ts";
import { feed } from "../../tool/run.ts";
import { BrokenDump, type DumpReading } from "../whole.ts";
import { POSTGRES_TOOLS, programIn } from "./tools.ts";

/** Lets pg_restore read an archive to its end: it writes all of it as a script, which nobody keeps. `--list` would stop half-way. */
export async function readArchive(
  body: ByteStream,
  { tool, databaseToolsDirectory: only }: DumpReading,
  signal: AbortSignal,
): Promise<string> {
  const reason = `the dump was made by version ${tool.version}`;
  const need = { major: Number.parseInt(tool.version, 10), reason, only };
  const tools = chooseTools(POSTGRES_TOOLS, await findTools(POSTGRES_TOOLS, only, signal), need);
  const argv = [programIn(tools, "pg_restore"), "--format=custom", "--file=/dev/null"];
  try {
    await feed({ argv }, body, signal);
  } catch (error) {
    if (error instanceof ProgramFailure && error.exitCode !== null)
      throw new BrokenDump(error.message, error);
    throw error;
  }
  return `pg_restore ${tools.version}`;
}
