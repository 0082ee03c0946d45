import type { Bytes, ByteStream, ByteTransform } from "../base/bytes.ts";
import { DbackedError } from "../base/error.ts";
import type { Manifest } from "../catalog/manifest.ts";
import { type Compression, decompress } from "../compress/codec.ts";
import { type Header, readHeader } from "../seal/header.ts";
import type { Identity } from "../seal/key.ts";
import { type Ending, type Opened, openSource, openStream } from "../seal/open.ts";
import { readSourceHeader, type Source } from "../seal/source.ts";
import {
  trustAnyway,
  type TrustedHeader,
  trustHeader,
  type TrustedSigner,
  unlock,
  type Unlocked,
} from "../seal/unlock.ts";

/** Who may open an envelope, and whose envelopes are accepted. */
export interface Opener {
  identities: readonly Identity[];
  trusted: readonly TrustedSigner[];
  /** Asked about a signer that is not trusted, before anything is opened; whatever it throws ends the matter. */
  approve: (header: Header) => Promise<void>;
  /** The envelope that is wanted, as the hex digest of its header's core; any other is refused. */
  expectCore: string | null;
}

/** An envelope in a store or a file. */
export interface SealedSource {
  source: Source;
  /** What the manifest says of it, if there is one. */
  manifest: Manifest | null;
  /** Since when the store has had it, by its own clock. */
  storedAt: Date | null;
}

/** An envelope whose header was verified, trusted and unlocked. */
export interface Unsealed {
  header: Header;
  unlocked: Unlocked;
  /**
   * Streams the dump, decompressed or as it was sealed. It ends only if all of it was verified; its last piece waits for
   * that.
   */
  read(how: { verifyFirst: boolean; decompressed: boolean }, signal: AbortSignal): Promise<ByteStream>;
}

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
  if (manifest !== null) compareHeader(manifest, header, source);
  const unlocked = await unlock(await judge(header, opener, sealed.storedAt), opener.identities, signal);
  return {
    header,
    unlocked,
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
      header,
      unlocked,
      read: async ({ decompressed }, signal) =>
        finishReading(header, openStream(body, unlocked, signal), decompressed, () => {}),
    };
  } catch (error) {
    await body.cancel(error);
    throw error;
  }
}

async function judge(header: Header, opener: Opener, storedAt: Date | null): Promise<TrustedHeader> {
  if (opener.expectCore !== null && opener.expectCore !== header.core) {
    throw new DbackedError("damaged", `This is the envelope ${header.core}, not ${opener.expectCore}`, {
      hint: "was an older backup put in the place of the one that you want?",
    });
  }
  try {
    return trustHeader(header, opener.trusted, storedAt);
  } catch {
    await opener.approve(header);
    return trustAnyway(header);
  }
}

function compareHeader(manifest: Manifest, header: Header, source: Source): void {
  const same =
    manifest.core === header.core &&
    manifest.signer === header.signer.toBase64() &&
    manifest.header === header.digest &&
    manifest.headerBytes === header.headerBytes &&
    manifest.bytes === source.size;
  if (!same) throw mismatch(header.id);
}

function compareEnding(manifest: Manifest | null, ending: Ending): void {
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
  if (!decompressed) return opened.bytes.pipeThrough(holdLast(async () => compare(await opened.ended)));
  const hasher = new Bun.CryptoHasher("sha256");
  const digesting: ByteTransform = new TransformStream({
    transform(piece, controller) {
      hasher.update(piece);
      controller.enqueue(piece);
    },
  });
  const verify = async () => {
    const ending = await opened.ended;
    compare(ending);
    checkDigest(header, ending, new Uint8Array(hasher.digest()));
  };
  return opened.bytes
    .pipeThrough(decompress(compressionOf(header)))
    .pipeThrough(digesting)
    .pipeThrough(holdLast(verify));
}

/** Passes everything on but the last piece, which comes only after `verify` has succeeded. */
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

function checkDigest(header: Header, { sourceDigest }: Ending, digest: Bytes): void {
  if (sourceDigest === null || Buffer.compare(sourceDigest, digest) === 0) return;
  throw new DbackedError("damaged", `Backup ${header.id} does not decompress to the dump that was sealed`, {
    hint: "take another backup, and please report this: dbacked show prints what the report needs",
  });
}

function compressionOf({ id, metadata }: Header): Compression {
  const { compression } = metadata;
  if (compression === "none" || compression === "zstd" || compression === "gzip") return compression;
  throw new DbackedError(
    "damaged",
    `Backup ${id} is compressed with "${compression}", which this version cannot undo`,
    {
      hint: "use a newer dbacked, or `dbacked decrypt --as-sealed` and undo it yourself",
    },
  );
}
