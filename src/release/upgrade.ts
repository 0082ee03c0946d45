import { chmod, chown, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Bytes } from "../base/bytes.ts";
import { DbackedError, reasonOf } from "../base/error.ts";
import { readOutput } from "../tool/run.ts";
import { download, downloadTo } from "./download.ts";
import { folderOf, type Place } from "./place.ts";
import { checkSignature } from "./signature.ts";
import { openStage, writeFailure, writeNew } from "./stage.ts";
import { readSums, SUMS_FILE, VERSION } from "./sums.ts";

const SMALL_BYTES = 64 * 1024;

/** Several times what a program has. */
const PROGRAM_BYTES = 1024 * 1024 * 1024;

/** How long a new program may take to say its version, in ms. */
const START_MS = 30_000;

/** What is wanted. */
export interface Wish {
  place: Place;
  /** Null for the newest. */
  version: string | null;
  /** The version that runs now. */
  current: string;
  /** The file of a release that this host needs. */
  file: string;
  /** The public key of the releases, in PEM; null if there is none. */
  key: string | null;
  /** @default true */
  verifies: boolean;
}

/** What a release offers. */
export interface Offer {
  version: string;
  url: string;
  /** SHA-256 of the file, hex. */
  sum: string;
  /** Why its signature was not verified; null if it was. */
  doubt: string | null;
}

/**
 * Looks at what there is, and whether it may be taken.
 *
 * @throws {DbackedError} `usage` for a downgrade that nobody asked for; `store`; `damaged`; `key`, if the signature must
 * be verified and cannot be.
 */
export async function findOffer(wish: Wish, signal: AbortSignal): Promise<Offer> {
  const folder = folderOf(wish.place, checkVersion(wish.version));
  const place = `${folder}/${SUMS_FILE}`;
  const list = await download({ url: place, limit: SMALL_BYTES }, signal);
  if (list === null)
    throw new DbackedError("store", `There is no ${place}`, {
      hint: "is the version right? is DBACKED_DOWNLOAD_URL?",
    });
  const doubt = await doubtOf(wish, { list, place }, signal);
  const { version, sums } = readSums(new TextDecoder().decode(list), place);
  checkOffered(version, wish, folder);
  const sum = sums.get(wish.file);
  if (sum === undefined)
    throw new DbackedError("store", `dbacked ${version} has no file for this machine, ${wish.file}`);
  return { version, url: `${folder}/${wish.file}`, sum, doubt };
}

/**
 * Puts what is offered in the place of `executable`, with its owner and its rights. Until it was verified and has started
 * once, nothing there changes.
 *
 * @throws {DbackedError} `store`, `damaged`; `target`, if it cannot be written; `tool`, if it does not start.
 */
export async function replaceBy(offer: Offer, executable: string, signal: AbortSignal): Promise<void> {
  const { uid, gid, mode } = await stat(executable);
  await using stage = await openStage(dirname(executable));
  const program = join(stage.path, "dbacked");
  await fetchProgram(offer, program, signal);
  await chown(program, uid, gid).catch((cause: unknown) => {
    throw writeFailure(executable, cause);
  });
  await chmod(program, mode & 0o7777);
  await tryProgram(program, offer.version, signal);
  signal.throwIfAborted();
  await rename(program, executable).catch((cause: unknown) => {
    throw writeFailure(executable, cause);
  });
  await syncFolder(dirname(executable));
}

function checkVersion(version: string | null): string | null {
  if (version === null || VERSION.test(version)) return version;
  throw new DbackedError("usage", `${JSON.stringify(version)} is no version`, { hint: "as in 1.2.3" });
}

async function doubtOf(
  { place, key, verifies }: Wish,
  listed: { list: Bytes; place: string },
  signal: AbortSignal,
): Promise<string | null> {
  if (!verifies) return "--no-signature";
  const url = `${listed.place}.sig`;
  const signature = key === null ? null : await download({ url, limit: SMALL_BYTES }, signal);
  const doubt = checkSignature({ ...listed, signature, key });
  if (doubt === null || !place.needsSignature) return doubt;
  throw new DbackedError("key", `The signature cannot be verified: ${doubt}`, {
    hint: "to upgrade all the same: --no-signature",
  });
}

function checkOffered(offered: string, { version, current }: Wish, folder: string): void {
  if (version !== null && offered !== version)
    throw new DbackedError("damaged", `${folder} holds another version, ${offered}`);
  // Whoever serves old releases as the newest may want their mistakes back.
  if (version === null && Bun.semver.order(offered, current) < 0)
    throw new DbackedError(
      "usage",
      `The newest version there, ${offered}, is older than this one, ${current}`,
      {
        hint: `if you want it, name it: dbacked upgrade ${offered}`,
      },
    );
}

async function fetchProgram({ url, sum }: Offer, program: string, signal: AbortSignal): Promise<void> {
  const packed = `${program}.gz`;
  const actual = await downloadTo(packed, { url, limit: PROGRAM_BYTES }, signal);
  if (actual === null) throw new DbackedError("store", `There is no ${url}`);
  if (actual !== sum)
    throw new DbackedError("damaged", `${url} has another checksum than ${SUMS_FILE} says`, {
      hint: "was it replaced just now, or damaged? try again",
    });
  const unpacked = Bun.file(packed).stream().pipeThrough(new DecompressionStream("gzip"));
  await writeNew(program, unpacked, PROGRAM_BYTES).catch((cause: unknown) => {
    if (cause instanceof DbackedError) throw cause;
    throw new DbackedError("damaged", `Cannot unpack ${url}: ${reasonOf(cause)}`, { cause });
  });
  await rm(packed);
}

async function tryProgram(program: string, version: string, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(START_MS)]);
  const said = await readOutput({ argv: [program, "--version"] }, limit).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw new DbackedError("tool", `The new dbacked does not start here: ${reasonOf(cause)}`, { cause });
  });
  if (said.trim() !== version)
    throw new DbackedError("damaged", `The new dbacked says that it is ${said.trim()}, not ${version}`);
}

/** So that the new name outlives a power cut. Not every file system can; then the old one may come back, whole. */
async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, "r");
  await handle.sync().catch(() => {});
}
