import { type Bytes, type ByteStream, concat, streamOf } from "../../src/base/bytes.ts";
import { DbackedError } from "../../src/base/error.ts";
import { type Opener, unsealSource, unsealStream } from "../../src/job/open.ts";
import { type Identity, readIdentity } from "../../src/seal/key.ts";
import { detectLegacy, openLegacy } from "../../src/seal/legacy.ts";
import { signerFrom } from "../seal/forge.ts";
import { NEVER, sourceOf } from "../seal/sample.ts";
import { keyOf } from "../seal/specimen.ts";

/** How an envelope is read: as from stdin, as from a file or a store by one pass or by two. */
export const WAYS = ["stream", "one pass", "two passes"] as const;

export type Way = (typeof WAYS)[number];

/** What came out, and how it ended. */
export interface Outcome {
  released: Bytes;
  /** Kind of the refusal, as in the exit code; null if the envelope was taken; `bug` for an error that is nobody's. */
  kind: string | null;
  reason: string;
}

/** What whoever opens has said. */
export interface Said {
  /** Believes every signer, as `decrypt` does where nobody was named. */
  believesAll?: boolean;
  /** Gives out the payload as it was sealed. */
  asSealed?: boolean;
  /** Allows backups of version 1. */
  allowsLegacy?: boolean;
}

const identity = remembering(await readIdentity(keyOf("alice")));
const trusted = [{ key: new Uint8Array(signerFrom(keyOf("signer")).publicKey), storedBefore: null }];

const doubting: Opener = {
  identities: [identity],
  trusted,
  expectCore: null,
  expectSet: null,
  approve: async ({ signerText }) => {
    throw new DbackedError("key", `${signerText} is not trusted`);
  },
};
const believing: Opener = { ...doubting, approve: async () => {} };

/**
 * An identity that unwraps each wrapped key once: the same input has the same answer, and a private key takes longer than
 * all else.
 */
function remembering(real: Identity): Identity {
  const answers = new Map<string, Promise<Bytes>>();
  return {
    fingerprint: real.fingerprint,
    async unwrap(type, wrapped, signal) {
      const asked = `${type} ${wrapped.toHex()}`;
      const answer = answers.get(asked) ?? real.unwrap(type, wrapped, signal);
      answers.set(asked, answer);
      // Whoever is given a key zeroes it.
      return (await answer).slice();
    },
  };
}

/** Opens an envelope by the very functions that the commands call. */
export async function open(envelope: Uint8Array, way: Way, said: Said = {}): Promise<Outcome> {
  const released: Bytes[] = [];
  try {
    for await (const piece of await begin(new Uint8Array(envelope), way, said)) released.push(piece);
    return { released: concat(...released), kind: null, reason: "" };
  } catch (error) {
    const kind = error instanceof DbackedError ? error.kind : "bug";
    return { released: concat(...released), kind, reason: String(error) };
  }
}

async function begin(envelope: Bytes, way: Way, said: Said): Promise<ByteStream> {
  const opener = said.believesAll === true ? believing : doubting;
  const how = { verifyFirst: way === "two passes", decompressed: said.asSealed !== true };
  const { isLegacy, stream } = await detectLegacy(streamOf(envelope.slice()), NEVER);
  if (isLegacy) return await openLegacy(stream, [identity], { allowed: said.allowsLegacy === true }, NEVER);
  if (way === "stream") return await (await unsealStream(stream, opener, NEVER)).read(how, NEVER);
  await stream.cancel();
  const sealed = { source: sourceOf(envelope), manifest: null, storedAt: null };
  return await (await unsealSource(sealed, opener, NEVER)).read(how, NEVER);
}
