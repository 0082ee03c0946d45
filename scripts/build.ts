/**
 * Compiles the program: `bun scripts/build.ts` for this machine, `--all` for every target, with SHA-256 sums.
 * The same sources give the same bytes; Bun puts a file's name into it, so the name is part of that.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compile, TARGETS } from "./compile.ts";

const DIST = join(import.meta.dir, "..", "dist");

async function sum(file: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const piece of Bun.file(file).stream()) hasher.update(piece);
  return hasher.digest("hex");
}

async function buildAll(): Promise<void> {
  const lines: string[] = [];
  for (const target of TARGETS) {
    const name = `dbacked-${target}`;
    await compile(join(DIST, name), target);
    lines.push(`${await sum(join(DIST, name))}  ${name}`);
    console.log(lines.at(-1));
  }
  await Bun.write(join(DIST, "SHA256SUMS"), `${lines.join("\n")}\n`);
}

const { values } = parseArgs({ options: { all: { type: "boolean", default: false } } });
await mkdir(DIST, { recursive: true });
if (values.all) {
  await buildAll();
} else {
  await compile(join(DIST, "dbacked"));
  console.log(`${await sum(join(DIST, "dbacked"))}  dist/dbacked`);
}
