import { type Bytes, type ByteStream, concat } from "../../base/bytes.ts";
import { BrokenDump } from "../whole.ts";
import { ENDING, ENDING_BYTES } from "./globals-dump.ts";

/** Reads a script of pg_dumpall to the line that says that it is complete. */
export async function readGlobals(body: ByteStream): Promise<string> {
  let end: Bytes = new Uint8Array(0);
  for await (const piece of body) end = concat(end, piece.subarray(-ENDING_BYTES)).slice(-ENDING_BYTES);
  if (ENDING.test(new TextDecoder().decode(end))) return "its last line";
  throw new BrokenDump("its last line is missing");
}
