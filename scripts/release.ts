/**
 * Writes a release to dist/, as `install.sh` and `dbacked upgrade` expect it: `bun scripts/release.ts` for every kind of
 * machine, or for those that are named. With DBACKED_RELEASE_KEY_FILE, an ECDSA P-256 private key in PEM, it is signed.
 * The same sources give the same sums.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { chmod, copyFile, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { version } from "../package.json";
import { printSums, SIGNATURE_FILE, SUMS_FILE } from "../src/release/sums.ts";
import { compile, type Target, TARGETS } from "./compile.ts";

const ROOT = join(import.meta.dir, "..");

/** 9 takes twice the time for 0.4 %. */
const GZIP_LEVEL = 6;

/** What is released. */
interface Release {
  /** Where it is written to. */
  folder: string;
  version: string;
  targets: readonly Target[];
  /** The private key in PEM; null leaves it unsigned. */
  privateKey: string | null;
}

/** Writes a release to a folder of its own, `v1.2.3`, and makes it the newest: the same files beside that folder. */
export async function writeRelease({ folder, version, targets, privateKey }: Release): Promise<void> {
  const key = privateKey === null ? null : readKey(privateKey);
  const releaseKey = key === null ? null : publicPem(key);
  const own = join(folder, `v${version}`);
  await rm(own, { recursive: true, force: true });
  await mkdir(own, { recursive: true });
  const sums = new Map<string, string>();
  for (const target of targets) {
    const name = `dbacked-${target}.gz`;
    const build = { target, version, ...(releaseKey === null ? {} : { releaseKey }) };
    sums.set(name, await writeProgram(join(own, name), build));
  }
  const list = printSums({ version, sums });
  await Bun.write(join(own, "install.sh"), await printInstaller(releaseKey ?? ""));
  await chmod(join(own, "install.sh"), 0o755);
  await Bun.write(join(own, SUMS_FILE), list);
  if (key !== null)
    await Bun.write(
      join(own, SIGNATURE_FILE),
      sign("sha256", Buffer.from(list), { key, dsaEncoding: "der" }),
    );
  await makeNewest(folder, own);
}

/** Compiles and packs the program for one kind of machine, and gives the sum of the file. */
async function writeProgram(file: string, build: Parameters<typeof compile>[1]): Promise<string> {
  const folder = `${file}.tmp`;
  try {
    // Bun puts the file's name into the program, so it is the same for every machine.
    const program = join(folder, "dbacked");
    await mkdir(folder, { recursive: true });
    await compile(program, build);
    // zlib's output depends on the CPU, libdeflate's does not; neither writes the time.
    const options = { level: GZIP_LEVEL, library: "libdeflate" } as const;
    const packed = Bun.gzipSync(await Bun.file(program).bytes(), options);
    await Bun.write(file, packed);
    return new Bun.CryptoHasher("sha256").update(packed).digest("hex");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** install.sh with the public key of a release in it. */
export async function printInstaller(releaseKey: string): Promise<string> {
  const slot = "\nRELEASE_KEY=''\n";
  const script = await Bun.file(join(ROOT, "install.sh")).text();
  if (!script.includes(slot)) throw new Error("install.sh has no place for the release key");
  return script.replace(slot, `\nRELEASE_KEY='${releaseKey.trimEnd()}'\n`);
}

/** Copies the files of a release to where the newest one is; those of the one before it go. */
async function makeNewest(folder: string, own: string): Promise<void> {
  for (const name of await readdir(folder))
    if (/^dbacked-.*\.gz$|^SHA256SUMS|^install\.sh$/.test(name)) await rm(join(folder, name));
  for (const name of await readdir(own)) await copyFile(join(own, name), join(folder, name));
}

function readKey(pem: string): KeyObject {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1")
    throw new Error(
      "the release key is no ECDSA P-256 key: `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` makes one",
    );
  return key;
}

function publicPem(key: KeyObject): string {
  return createPublicKey(key).export({ type: "spki", format: "pem" });
}

function readTargets(named: readonly string[]): readonly Target[] {
  const unknown = named.filter((name) => !TARGETS.some((target) => target === name));
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(", ")}; there are ${TARGETS.join(", ")}`);
  return named.length === 0 ? TARGETS : TARGETS.filter((target) => named.includes(target));
}

if (import.meta.main) {
  const targets = readTargets(parseArgs({ allowPositionals: true }).positionals);
  const folder = join(ROOT, "dist");
  const keyFile = process.env["DBACKED_RELEASE_KEY_FILE"] ?? "";
  const privateKey = keyFile === "" ? null : await Bun.file(keyFile).text();
  await writeRelease({ folder, version, targets, privateKey });
  process.stdout.write(await Bun.file(join(folder, SUMS_FILE)).text());
  console.error(
    privateKey === null
      ? "unsigned: DBACKED_RELEASE_KEY_FILE names no key. install.sh and `dbacked upgrade` will warn of it, or refuse"
      : `signed: ${SIGNATURE_FILE}; dist/install.sh holds the public key`,
  );
}
