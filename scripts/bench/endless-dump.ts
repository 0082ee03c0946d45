/**
 * Stands in for pg_dump: `endless-dump.ts GIGABYTES PG_DUMP ARGUMENTS…` runs the real one on a table with one row of 1,000 x,
 * and writes its archive with that row replaced by so many gigabytes of rows. In the custom format, uncompressed, each row
 * is a chunk: a sign byte, its length in four bytes, little-endian, and the row.
 */
import { createCipheriv } from "node:crypto";
import { writeSync } from "node:fs";

const [gigabytes = "1", program = "pg_dump", ...argv] = process.argv.slice(2);
const CHUNK_HEAD = 5;
const ROW_BYTES = 64 * 1024;
const POOL_BYTES = 64 * 1024 * 1024;

const archive = new Uint8Array(await new Response(Bun.spawn([program, ...argv]).stdout).arrayBuffer());
const row = Buffer.from(archive.buffer).indexOf("x".repeat(1000));
const start = row - CHUNK_HEAD;
const end = row + 1001;

writeAll(archive.subarray(0, start));
const pool = Buffer.alloc(POOL_BYTES, makePool());
for (let written = 0, step = 0; written < Number(gigabytes) * 1e9; written += ROW_BYTES, step += 1) {
  // Another cut of the pool each time: within the reach of the compressor nothing repeats.
  const at = (step * 7_919 * 61) % (POOL_BYTES - ROW_BYTES);
  const chunk = Buffer.alloc(CHUNK_HEAD + ROW_BYTES);
  chunk.writeUInt32LE(ROW_BYTES, 1);
  pool.copy(chunk, CHUNK_HEAD, at, at + ROW_BYTES);
  chunk[chunk.length - 1] = 0x0a;
  writeAll(chunk);
}
writeAll(archive.subarray(end));

/** Always the same digits, which compress to a half. */
function makePool(): string {
  const zeros = Buffer.alloc(16);
  return createCipheriv("aes-128-ctr", zeros, zeros)
    .update(Buffer.alloc(POOL_BYTES / 2))
    .toString("hex");
}

function writeAll(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(1, bytes, at);
}
