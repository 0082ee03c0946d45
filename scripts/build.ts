/**
 * Compiles the program: `bun scripts/build.ts` for this machine, `--all` for every target, with SHA-256 sums.
 * The same sources give the same bytes; Bun puts a file's name into it, so the name is part of that.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";

const ROOT = join(import.meta.dir, "..");
const DIST = join(ROOT, "dist");

const TARGETS = [
  "linux-x64",
  "linux-x64-baseline",
  "linux-arm64",
  "linux-x64-musl",
  "linux-x64-baseline-musl",
  "linux-arm64-musl",
  "darwin-x64",
  "darwin-arm64",
] as const;

type Target = (typeof TARGETS)[number];

/** Compiles to `file`; without a target, for this machine. */
async function compile(file: string, target?: Target): Promise<void> {
  const built = await Bun.build({
    entrypoints: [join(ROOT, "src", "main.ts")],
    compile: {
      ...(target === undefined ? {} : { target: `bun-${target}` as const }),
      outfile: file,
      // A backup tool that runs in a stranger's folder takes no settings from there.
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
    minify: true,
    bytecode: true,
    // Bytecode without the ESM format leaves a broken executable and no error.
    format: "esm",
    splitting: true,
  });
  if (!built.success) throw new AggregateError(built.logs, `${file} does not compile`);
}

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
