import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ByteStream } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";
import { explainDisk } from "../disk.ts";
import { nameTemporary, removeLeftovers } from "../leftovers.ts";
import { BrokenDump, type DumpReading } from "../whole.ts";
import { checkCopy, COMPANIONS, writeCopy } from "./restore.ts";

const PREFIX = ".dbacked-verify-";

/**
 * Lets SQLite check a database. It reads nothing but files, and so the whole database lies in one while it is checked:
 * 0600, and removed whatever happens; what a killed process left is removed by the next.
 */
export async function readDatabase(
  body: ByteStream,
  { spoolDirectory }: DumpReading,
  signal: AbortSignal,
): Promise<string> {
  await removeLeftovers(spoolDirectory, PREFIX);
  const copy = join(spoolDirectory, nameTemporary(PREFIX));
  try {
    await writeCopy(copy, null, body, signal);
    await checkCopy(copy, signal).catch((error: unknown) => {
      throw error instanceof DbackedError ? new BrokenDump(error.message, error) : error;
    });
    return "SQLite's integrity check";
  } catch (error) {
    throw explainDisk(error, "target", `Cannot write into ${spoolDirectory}`, "give --spool-directory DIR");
  } finally {
    for (const suffix of ["", ...COMPANIONS]) await rm(`${copy}${suffix}`, { force: true }).catch(() => {});
  }
}
