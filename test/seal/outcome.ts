import { type Bytes, concat } from "../../src/base/bytes.ts";
import { verifyDump } from "../../src/seal/dump.ts";
import { type Header, readHeader } from "../../src/seal/header.ts";
import { type Identity, readIdentity } from "../../src/seal/key.ts";
import { type Ending, type Opened, openSource, openStream } from "../../src/seal/open.ts";
import { Refusal } from "../../src/seal/refusal.ts";
import { readSourceHeader, type Source } from "../../src/seal/source.ts";
import { trustAnyway, unlock, type Unlocked } from "../../src/seal/unlock.ts";
import { NEVER, pieces, sourceOf } from "./sample.ts";
import { keyOf } from "./specimen.ts";

/** The three ways to read an envelope. */
export const WAYS = ["stream", "one pass", "two passes"] as const;

export type Way = (typeof WAYS)[number];

/** What a reader gave out, and the code of its refusal; null if it took the envelope. */
export interface Outcome {
  released: Bytes;
  code: string | null;
  ending: Ending | null;
}

const identities: Record<string, Identity> = {
  alice: await readIdentity(keyOf("alice")),
  bob: await readIdentity(keyOf("bob")),
};

/**
 * Opens an envelope with a test key. What is not compressed is a dump, which is verified as one. Throws whatever is no
 * refusal: that would be a bug.
 */
export async function tryOpen(
  envelope: Uint8Array,
  way: Way,
  options: { key?: string; pieceBytes?: number; isCompressed?: boolean } = {},
): Promise<Outcome> {
  const { key = "alice", pieceBytes = 65_536, isCompressed = false } = options;
  const bytes = new Uint8Array(envelope);
  const released: Bytes[] = [];
  try {
    const opened = await (way === "stream"
      ? openOnce(bytes, key, pieceBytes)
      : openAnywhere(sourceOf(bytes, pieceBytes), key, way === "two passes"));
    const plain = isCompressed ? opened.bytes : opened.bytes.pipeThrough(verifyDump(opened));
    for await (const piece of plain) released.push(piece);
    return { released: concat(...released), code: null, ending: await opened.ended };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { released: concat(...released), code: error.code, ending: null };
  }
}

async function openOnce(envelope: Bytes, key: string, pieceBytes: number): Promise<Opened> {
  const { header, body } = await readHeader(pieces(envelope, pieceBytes), NEVER);
  return openStream(body, await unlockWith(header, key), NEVER);
}

async function openAnywhere(source: Source, key: string, twoPass: boolean): Promise<Opened> {
  const unlocked = await unlockWith(await readSourceHeader(source, NEVER), key);
  return await openSource(source, unlocked, { twoPass }, NEVER);
}

function unlockWith(header: Header, key: string): Promise<Unlocked> {
  const identity = identities[key];
  return unlock(trustAnyway(header), identity === undefined ? [] : [identity], NEVER);
}
