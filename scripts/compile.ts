import { join } from "node:path";

const MAIN = join(import.meta.dir, "..", "src", "main.ts");

/** Every kind of machine that has a binary of its own. */
export const TARGETS = [
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

/** Compiles the program to `file`; without a target, for this machine. */
export async function compile(file: string, target?: Target): Promise<void> {
  const built = await Bun.build({
    entrypoints: [MAIN],
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
