import { join } from "node:path";
import manifest from "../package.json";

const ROOT = join(import.meta.dir, "..");
const MAIN = join(ROOT, "src", "main.ts");
const PACKAGE = join(ROOT, "package.json");

/** Every kind of machine that has a binary of its own. With Bun 1.4.5 those of x64 are the same with and without `-baseline`. */
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

export type Target = (typeof TARGETS)[number];

/** What is compiled. */
export interface Build {
  /** @default this machine */
  target?: Target;
  /** What it says of itself. @default the version in package.json */
  version?: string;
  /** The public key, in PEM, that `dbacked upgrade` verifies releases with. @default none */
  releaseKey?: string;
}

/** Compiles the program to `file`. */
export async function compile(file: string, { target, version, releaseKey }: Build = {}): Promise<void> {
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
    ...(version === undefined ? {} : { files: { [PACKAGE]: JSON.stringify({ ...manifest, version }) } }),
    ...(releaseKey === undefined ? {} : { define: { DBACKED_RELEASE_KEY: JSON.stringify(releaseKey) } }),
    minify: true,
    bytecode: true,
    // Bytecode without the ESM format leaves a broken executable and no error.
    format: "esm",
    splitting: true,
  });
  if (!built.success) throw new AggregateError(built.logs, `${file} does not compile`);
}
