import type { Bytes, ByteStream, ByteTransform } from "../base/bytes.ts";
import { DbackedError } from "../base/error.ts";
import type { Manifest } from "../catalog/manifest.ts";
import { type Compression, decompress } from "../compress/codec.ts";
import type { DumpKind, Tool } from "../database/database.ts";
import { verifyDump } from "../seal/dump.ts";
import { type Header, readHeader } from "../seal/header.ts";
import type { Identity } from "../seal/key.ts";
import { openLegacy } from "../seal/legacy.ts";
import { type Ending, type Opened, openSource, openStream } from "../seal/open.ts";
import { readSourceHeader, type Source } from "../seal/source.ts";
import { trustAnyway, type TrustedHeader, trustHeader, type TrustedSigner, unlock } from "../seal/unlock.ts";

/** Who may open an envelope, and whose envelopes are accepted. */
export interface Opener {
  identities: readonly Identity[];
  trusted: readonly TrustedSigner[];
  /** Asked about a signer that is not trusted, before anything is opened; whatever it throws ends the matter. */
  approve: (header: Header) => Promise<void>;
  /** The envelope that is wanted, as the hex digest of its header's core; any other is refused. */
  expectCore: string | null;
  /** The set that the envelope must be of. */
  expectSet: string | null;
}

/** An envelope in a store or a file. */
export interface SealedSource {
  source: Source;
  /** What the manifest says of it, if there is one. */
  manifest: Manifest | null;
  /** Since when the store has had it, by its own clock. */
  storedAt: Date | null;
}

/** A sealed dump whose header was verified, trusted and unlocked. */
export interface Unsealed {
  /** The backup's id, or what stands for it in messages. */
  id: string;
  /** Form of the dump, as in `pg-custom`. */
  dump: string;
  tool: Tool;
  /** What the dump needs of a server, in its engine's own words. */
  extensions: readonly string[];
  /** Entries of the dump that a restore leaves out. */
  skip: readonly string[];
  /** How many keys open it. */
  recipients: number;
  /** Whether all of it can be verified before anything of it is given out. */
  isSeekable: boolean;
  /**
   * Streams the dump, decompressed or as it was sealed. It ends only if all of it was verified; its last piece waits for
   * that.
   */
  read(how: ReadingPlan, signal: AbortSignal): Promise<ByteStream>;
}

export interface ReadingPlan {
  /** Verifies the whole envelope before anything of it is given out. */
  verifyFirst: boolean;
  decompressed: boolean;
}

/** A backup of version 1 does not say which program wrote its dump; any newer one reads it. */
const OLDEST_TOOL: Tool = { name: "pg_dump", version: "9.0" };

/**
 * Verifies and unlocks the header of a stored envelope.
 *
 * @throws {DbackedError} `key` or `damaged`, before anything was given out.
 */
export async function unsealSource(
  sealed: SealedSource,
  opener: Opener,
  signal: AbortSignal,
): Promise<Unsealed> {
  const { source, manifest } = sealed;
  const header = await readSourceHeader(source, signal);
  if (manifest !== null) compareHeader(manifest, header, source.size);
  const unlocked = await unlock(await judge(header, opener, sealed.storedAt), opener.identities, signal);
  return {
    ...describe(header, true),
    extensions: unlocked.sealedMetadata.extensions,
    skip: unlocked.sealedMetadata.skip ?? [],
    async read({ verifyFirst, decompressed }, signal) {
      const opened = await openSource(source, unlocked, { twoPass: verifyFirst }, signal);
      return finishReading(header, opened, decompressed, (ending) => compareEnding(manifest, ending));
    },
  };
}

/** The same for an envelope that can be read once only: nothing of it can be verified ahead. */
export async function unsealStream(
  stream: ByteStream,
  opener: Opener,
  signal: AbortSignal,
): Promise<Unsealed> {
  const { header, body } = await readHeader(stream, signal);
  try {
    const unlocked = await unlock(await judge(header, opener, null), opener.identities, signal);
    return {
      ...describe(header, false),
      extensions: unlocked.sealedMetadata.extensions,
      skip: unlocked.sealedMetadata.skip ?? [],
      read: async ({ decompressed }, signal) =>
        finishReading(header, openStream(body, unlocked, signal), decompressed, () => {}),
    };
  } catch (error) {
    await body.cancel(error);
    throw error;
  }
}

/**
 * Opens what the agent of 2018 made, which nothing authenticates.
 *
 * @param dump what the dump is: the file does not say.
 */
export function unsealLegacy(stream: ByteStream, identities: readonly Identity[], dump: DumpKind): Unsealed {
  return {
    id: "of version 1",
    dump,
    tool: OLDEST_TOOL,
    extensions: [],
    skip: [],
    recipients: 1,
    isSeekable: false,
    read: (_how, signal) => openLegacy(stream, identities, { allowed: true }, signal),
  };
}

/**
 * Takes a header whose signer is accepted, and that is the one that is wanted.
 *
 * @throws {DbackedError} `damaged` if it is another; whatever `approve` throws.
 */
export async function judge(header: Header, opener: Opener, storedAt: Date | null): Promise<TrustedHeader> {
  if (opener.expectCore !== null && opener.expectCore !== header.core) {
    throw new DbackedError("damaged", `This is the envelope ${header.core}, not ${opener.expectCore}`, {
      hint: "was an older backup put in the place of the one that you want?",
    });
  }
  const { set } = header.metadata;
  if (opener.expectSet !== null && opener.expectSet !== set) {
    throw new DbackedError("damaged", `This is a backup of "${set}", not of "${opener.expectSet}"`, {
      hint: "was the backup of another database put in the place of the one that you want?",
    });
  }
  try {
    return trustHeader(header, opener.trusted, storedAt);
  } catch {
    await opener.approve(header);
    return trustAnyway(header);
  }
}

/** @throws {DbackedError} `damaged`, if this is not the header that the manifest is of. */
export function compareHeader(manifest: Manifest, header: Header, size: number): void {
  const same =
    manifest.core === header.core &&
    manifest.signer === header.signer.toBase64() &&
    manifest.header === header.digest &&
    manifest.headerBytes === header.headerBytes &&
    manifest.bytes === size;
  if (!same) throw mismatch(header.id);
}

/** @throws {DbackedError} `damaged`, if these are not the segments that the manifest is of. */
export function compareEnding(manifest: Manifest | null, ending: Pick<Ending, "chain" | "segments">): void {
  if (manifest === null) return;
  const same = manifest.chain === ending.chain && manifest.segments === ending.segments;
  if (!same) throw mismatch(manifest.backup);
}

function mismatch(id: string): DbackedError {
  return new DbackedError("damaged", `Backup ${id}: its manifest and its envelope do not belong together`, {
    hint: "one of them was changed or replaced; take another copy of this backup",
  });
}

function finishReading(
  header: Header,
  opened: Opened,
  decompressed: boolean,
  compare: (ending: Ending) => void,
): ByteStream {
  const verified = holdLast(async () => compare(await opened.ended));
  if (!decompressed) return opened.bytes.pipeThrough(verified);
  return opened.bytes
    .pipeThrough(decompress(compressionOf(header)))
    .pipeThrough(verifyDump(opened))
    .pipeThrough(verified);
}

/** Passes everything on but the last piece, which comes only after all before it and `verify` have succeeded. */
function holdLast(verify: () => Promise<void>): ByteTransform {
  let held: Bytes | null = null;
  return new TransformStream({
    transform(piece, controller) {
      if (held !== null) controller.enqueue(held);
      held = piece;
    },
    async flush(controller) {
      await verify();
      if (held !== null) controller.enqueue(held);
    },
  });
}

function describe(
  { id, metadata, recipients }: Header,
  isSeekable: boolean,
): Omit<Unsealed, "read" | "extensions" | "skip"> {
  return { id, dump: metadata.dump, tool: metadata.tool, recipients: recipients.length, isSeekable };
}

/** Says whether this version can undo a compression. */
export function isKnownCompression(compression: string): compression is Compression {
  return compression === "none" || compression === "zstd" || compression === "gzip";
}

function compressionOf({ id, metadata }: Header): Compression {
  const { compression } = metadata;
  if (isKnownCompression(compression)) return compression;
  throw new DbackedError(
    "damaged",
    `Backup ${id} is compressed with "${compression}", which this version cannot undo`,
    {
      hint: "use a newer dbacked, or `dbacked decrypt --as-sealed` and undo it yourself",
    },
  );
}
