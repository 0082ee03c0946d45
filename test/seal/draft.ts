import { type Bytes, concat } from "../../src/base/bytes.ts";
import { encodeCore } from "../../src/seal/core.ts";
import { headerMessage } from "../../src/seal/header.ts";
import { encodePublicMetadata } from "../../src/seal/metadata.ts";
import { encodeStanzas, type Stanza } from "../../src/seal/stanza.ts";
import { metadata, randomBytes, recipient, signer } from "./sample.ts";

/** What is to be unusual about a header. */
interface Draft {
  metadata?: Bytes;
  sealedBytes?: number;
  signer?: Bytes;
  segmentLog2?: number;
  stanzas?: readonly Stanza[];
  /** Changes the core before it is signed. */
  mangle?: (core: Bytes) => void;
}

export const stanza: Stanza = { type: 1, fingerprint: recipient.fingerprint, body: randomBytes(256) };

/** A header with a right signature, whatever else is wrong in it. */
export async function draft(wishes: Draft): Promise<Bytes> {
  const parts = {
    segmentLog2: wishes.segmentLog2 ?? 12,
    salt: randomBytes(32),
    commitment: randomBytes(32),
    signer: wishes.signer ?? signer.publicKey,
    metadata: wishes.metadata ?? encodePublicMetadata(metadata),
  };
  const sealed = randomBytes(wishes.sealedBytes ?? 100);
  const core = concat(encodeCore(parts, sealed.length), sealed);
  wishes.mangle?.(core);
  const coreHash = new Uint8Array(await crypto.subtle.digest("SHA-256", core));
  const signature = await signer.sign(headerMessage(coreHash));
  return concat(core, encodeStanzas(wishes.stanzas ?? [stanza]), randomBytes(32), signature);
}
