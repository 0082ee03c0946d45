/** Compiles the program for this machine: `bun scripts/build.ts`. The same sources give the same bytes. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { compile } from "./compile.ts";

const DIST = join(import.meta.dir, "..", "dist");

await mkdir(DIST, { recursive: true });
await compile(join(DIST, "dbacked"));
const program = await Bun.file(join(DIST, "dbacked")).bytes();
console.log(`${new Bun.CryptoHasher("sha256").update(program).digest("hex")}  dist/dbacked`);
