import { DbackedError } from "../base/error.ts";
import type { VerifyNote } from "../catalog/list.ts";
import { MANIFEST_TYPE } from "../catalog/manifest.ts";
import { type BackupName, envelopeKey } from "../catalog/name.ts";
import { type Header, readHeader } from "../seal/header.ts";
import { verifyNote } from "../seal/note.ts";
import { Refusal } from "../seal/refusal.ts";
import { signerText } from "../seal/signer.ts";
import { keysAt, type TrustedSigner } from "../seal/unlock.ts";
import { NotFound, type Store } from "../store/store.ts";

/**
 * Verifies notes under the trusted signers; a manifest else under the signer that the backup's own envelope names, which
 * makes it readable and not trusted. A stranger's proof counts for nothing, so nothing is read for it.
 */
export function noteVerifier(
  store: Store,
  trusted: readonly TrustedSigner[],
  signal: AbortSignal,
): VerifyNote {
  return async (note, payloadType, object, name) => {
    try {
      const { payload, signer } = await verifyNote(note, payloadType, keysAt(trusted, object.modifiedAt));
      return { payload, signer: signerText(signer), trusted: true };
    } catch (error) {
      const isOfStranger = error instanceof Refusal && error.code === "unknown-signer";
      if (!isOfStranger || payloadType !== MANIFEST_TYPE) throw error;
      const { signer } = await readEnvelopeHeader(store, name, signal);
      const { payload } = await verifyNote(note, payloadType, [signer]);
      return { payload, signer: signerText(signer), trusted: false };
    }
  };
}

/**
 * Reads the header of a stored envelope.
 *
 * @throws {DbackedError} `damaged`, if there is none or it is not whole; `store`, if it cannot be read.
 */
export async function readEnvelopeHeader(
  store: Store,
  name: BackupName,
  signal: AbortSignal,
): Promise<Header> {
  try {
    const { header, body } = await readHeader(await store.get(envelopeKey(name), null, signal), signal);
    await body.cancel();
    return header;
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    throw new DbackedError("damaged", `${store.label} holds no envelope ${envelopeKey(name)}`, {
      cause: error,
    });
  }
}
