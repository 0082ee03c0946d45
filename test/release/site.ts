import { generateKeyPairSync, sign } from "node:crypto";
import { chmod, mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../scripts/services/service.ts";
import type { Bytes } from "../../src/base/bytes.ts";
import { printSums, SIGNATURE_FILE, SUMS_FILE } from "../../src/release/sums.ts";
import { describeHost, fileFor } from "../../src/release/target.ts";

/** A web server on the loopback address that serves a folder. */
export interface Site extends AsyncDisposable {
  url: string;
  folder: string;
  /** Paths that were asked for. */
  asked: string[];
  /** Answers a path otherwise than by its file. */
  answers: Map<string, () => Response>;
}

export async function openSite(): Promise<Site> {
  const folder = await temporaryFolder("site");
  const asked: string[] = [];
  const answers = new Map<string, () => Response>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      asked.push(pathname);
      const file = Bun.file(join(folder.path, pathname));
      const isThere = await file.exists();
      return (
        answers.get(pathname)?.() ?? (isThere ? new Response(file) : new Response(null, { status: 404 }))
      );
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    folder: folder.path,
    asked,
    answers,
    async [Symbol.asyncDispose]() {
      await server.stop(true);
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Sends a first piece, and then nothing. */
export function stalls(): Response {
  const stream = new ReadableStream<Bytes>({
    start: (controller) => controller.enqueue(new Uint8Array(200)),
  });
  return new Response(stream);
}

/** A key that signs releases. */
export interface ReleaseKey {
  privateKey: string;
  publicKey: string;
}

export function makeReleaseKey(): ReleaseKey {
  return generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
}

/** The file of a release that this host needs. */
export const HOST_FILE = fileFor(await describeHost());

/** A release that is quick to make: its program is a shell script. */
export interface SmallRelease {
  folder: string;
  version: string;
  /** Null leaves it unsigned. */
  key: ReleaseKey | null;
  /** @default the version, as the only thing that it can say */
  script?: string;
  /** @default the one that this host needs */
  files?: readonly string[];
}

/** Writes a release whose program is a shell script. */
export async function writeSmallRelease(release: SmallRelease): Promise<void> {
  const { folder, version, key, script = `echo ${version}`, files = [HOST_FILE] } = release;
  await mkdir(folder, { recursive: true });
  const packed = Bun.gzipSync(`#!/bin/sh\n${script}\n`);
  const sum = new Bun.CryptoHasher("sha256").update(packed).digest("hex");
  for (const file of files) await Bun.write(join(folder, file), packed);
  const list = printSums({ version, sums: new Map(files.map((file) => [file, sum])) });
  await Bun.write(join(folder, SUMS_FILE), list);
  const signature = join(folder, SIGNATURE_FILE);
  if (key === null) await rm(signature, { force: true });
  else await Bun.write(signature, sign("sha256", Buffer.from(list), key.privateKey));
}

/** What install.sh may call, besides what downloads and verifies. */
const TOOLS =
  "sh cat chmod cut expr find getconf grep gzip id ldd mkdir mktemp mv rm sed sha256sum sync tail tr uname".split(
    " ",
  );

/** A folder for PATH with no more than what install.sh needs, and what is named. */
export async function writeToolbox(folder: string, names: readonly string[]): Promise<string> {
  await mkdir(folder);
  for (const name of [...TOOLS, ...names]) {
    const path = Bun.which(name);
    if (path === null) throw new Error(`there is no ${name} on this host`);
    await symlink(path, join(folder, name));
  }
  return folder;
}

/** The same, with BusyBox for everything. */
export async function writeBusyboxToolbox(folder: string): Promise<string> {
  const busybox = Bun.which("busybox");
  if (busybox === null) throw new Error("busybox is missing: apt-get install busybox");
  await mkdir(folder);
  for (const name of [...TOOLS.filter((name) => name !== "getconf" && name !== "ldd"), "wget"])
    await symlink(busybox, join(folder, name));
  // Of the machine's libc, which BusyBox does not speak for.
  for (const name of ["getconf", "ldd"]) {
    const path = Bun.which(name);
    if (path !== null) await symlink(path, join(folder, name));
  }
  return folder;
}

/** Writes a program as a shell script. */
export async function writeScript(file: string, script: string): Promise<void> {
  await Bun.write(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
}
