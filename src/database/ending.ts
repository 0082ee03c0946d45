import { type Bytes, type ByteStream, concat } from "../base/bytes.ts";

/** Bytes at the end of a script that hold its last line, and what may stand behind it. */
const KEPT = 1024;

/** The end of a text that is read to its end, for the line by which its program says that it is whole. */
export async function readEnding(body: ByteStream): Promise<string> {
  let end: Bytes = new Uint8Array(0);
  for await (const piece of body) end = concat(end, piece.subarray(-KEPT)).slice(-KEPT);
  return new TextDecoder().decode(end);
}
