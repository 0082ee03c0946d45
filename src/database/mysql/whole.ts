import type { ByteStream } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";
import { BrokenDump } from "../whole.ts";
import { SqlWatch } from "./sql-watch.ts";

/** Reads a script to the line that says that it is complete, as it was read while it was dumped. */
export async function readScript(body: ByteStream): Promise<string> {
  const watch = new SqlWatch();
  for await (const piece of body) watch.see(piece);
  try {
    watch.end();
  } catch (error) {
    throw error instanceof DbackedError ? new BrokenDump(error.message, error) : error;
  }
  return "its last line";
}
