import { chmod, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mergeSamples, parseSamples, printSamples, type Update } from "./metrics.ts";

/** node_exporter is another user. */
const MODE = 0o644;

/**
 * Writes what is known of one entry of the config into a file of its own, as a whole or not at all.
 *
 * @throws whatever the file system says.
 */
export async function writeMetrics(directory: string, entry: string, update: Update): Promise<void> {
  const path = join(directory, `dbacked-${entry}.prom`);
  const old = await readFile(path, "utf8").catch(() => "");
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, printSamples(mergeSamples(parseSamples(old), update)));
    await chmod(temporary, MODE);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
