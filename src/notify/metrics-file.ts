import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { mergeSamples, parseSamples, printSamples, type Update } from "./metrics.ts";

/** node_exporter is another user. */
const MODE = 0o644;

/** What others put there, as a link or a pipe that nobody writes to, leads nowhere and stops nothing. */
const PLAIN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Writes what is known of one entry of the config into a file of its own, as a whole or not at all. Others may be allowed to write
 * to the folder too.
 *
 * @throws whatever the file system says.
 */
export async function writeMetrics(directory: string, entry: string, update: Update): Promise<void> {
  const path = join(directory, `dbacked-${entry}.prom`);
  const old = await readPlain(path).catch(() => "");
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await writeAnew(temporary, printSamples(mergeSamples(parseSamples(old), update)));
    await rename(temporary, path);
  } catch (error) {
    // What cannot be removed there was not made either.
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

async function readPlain(path: string): Promise<string> {
  await using file = await open(path, PLAIN);
  return (await file.stat()).isFile() ? await file.readFile("utf8") : "";
}

async function writeAnew(path: string, text: string): Promise<void> {
  await using file = await open(path, "wx", MODE);
  await file.writeFile(text);
  // What the umask took away.
  await file.chmod(MODE);
}
