import { timingSafeEqual } from "node:crypto";
import { type Bytes, concat } from "../base/bytes.ts";
import { reasonOf } from "../base/error.ts";
import {
  deriveCommitment,
  deriveKeys,
  deriveMetadataKey,
  type EnvelopeKeys,
  importFileKey,
  KEY_BYTES,
} from "./derive.ts";
import type { Header } from "./header.ts";
import type { Identity, Wrapping } from "./key.ts";
import { parseSealedMetadata, type SealedMetadata } from "./metadata.ts";
import { openPart } from "./note.ts";
import { Refusal } from "./refusal.ts";
import type { Stanza } from "./stanza.ts";

/** A signer whose backups are taken. */
export interface TrustedSigner {
  /** 32 bytes. */
  key: Bytes;
  /** For a retired key: only what was stored before this moment, by the store's own clock. */
  storedBefore: Date | null;
}

declare const trusted: unique symbol;

/** A header whose signer was judged. Only such a header can be unlocked, so nothing comes out of an envelope before that. */
export type TrustedHeader = Header & { readonly [trusted]: true };

/** The keys that are trusted for what a store has had since `storedAt`. Null: nobody knows since when. */
export function keysAt(signers: readonly TrustedSigner[], storedAt: Date | null): Bytes[] {
  return signers
    .filter(({ storedBefore }) => storedBefore === null || (storedAt !== null && storedAt < storedBefore))
    .map(({ key }) => key);
}

/** Says whether what `signer` signed, and a store has had since `storedAt`, is trusted. */
export function isTrusted(signer: Bytes, signers: readonly TrustedSigner[], storedAt: Date | null): boolean {
  return keysAt(signers, storedAt).some(
    (key) => key.length === signer.length && timingSafeEqual(key, signer),
  );
}

/**
 * Takes a header whose signer is trusted.
 *
 * @throws {Refusal} `untrusted-signer`
 */
export function trustHeader(
  header: Header,
  signers: readonly TrustedSigner[],
  storedAt: Date | null,
): TrustedHeader {
  if (isTrusted(header.signer, signers, storedAt)) return trustAnyway(header);
  throw new Refusal(
    "untrusted-signer",
    `Backup ${header.id} is signed by ${header.signerText}, not a trusted signer`,
    {
      hint: "is it the signer of the host that made it? then add it to trustedSigners, or give --trust-signer",
    },
  );
}

/** Takes a header because its maker is known in another way: the user says so, or we made it. */
export function trustAnyway(header: Header): TrustedHeader {
  return header as TrustedHeader;
}

/** An envelope's header with the keys to its content, until it is disposed of. */
export class Unlocked implements Disposable {
  readonly header: TrustedHeader;
  readonly sealedMetadata: SealedMetadata;
  readonly keys: EnvelopeKeys;

  constructor(header: TrustedHeader, sealedMetadata: SealedMetadata, keys: EnvelopeKeys) {
    this.header = header;
    this.sealedMetadata = sealedMetadata;
    this.keys = keys;
  }

  /** Opens the secret part of a manifest or a proof of this backup. @throws {Refusal} `note` */
  openNote(payloadType: string, sealed: string): Promise<unknown> {
    return openPart(this.keys.manifest, this.header.coreHash, payloadType, sealed);
  }

  [Symbol.dispose](): void {
    this.keys[Symbol.dispose]();
  }
}

/**
 * Finds the file key with the first identity that has it, and authenticates the header.
 *
 * @throws {Refusal} `no-matching-key`, `unwrap`, `commitment`, `header-mac` or `sealed-metadata`
 */
export async function unlock(
  header: TrustedHeader,
  identities: readonly Identity[],
  signal: AbortSignal,
): Promise<Unlocked> {
  const fileKey = await findFileKey(header, identities, signal);
  const keys = await deriveKeys(fileKey, header.parts.salt, header.coreHash);
  const signed = concat(header.raw.core, header.raw.recipients);
  if (!(await crypto.subtle.verify("HMAC", keys.mac, header.raw.mac, signed))) {
    throw new Refusal(
      "header-mac",
      `Backup ${header.id}: its list of recipients was changed after it was made`,
      {
        hint: "take another copy of this backup",
      },
    );
  }
  const metadataKey = await deriveMetadataKey(fileKey, header.parts.salt);
  return new Unlocked(header, await openMetadata(header, metadataKey), keys);
}

async function findFileKey(
  header: TrustedHeader,
  identities: readonly Identity[],
  signal: AbortSignal,
): Promise<CryptoKey> {
  let failure = refuseNoMatch(header, identities);
  for (const { stanza, type, identity } of matches(header, identities)) {
    try {
      return await openStanza(header, await unwrap(type, stanza, identity, signal));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      failure = error;
    }
  }
  throw failure;
}

interface Match {
  stanza: Stanza;
  type: Wrapping;
  identity: Identity;
}

function matches(header: TrustedHeader, identities: readonly Identity[]): readonly Match[] {
  return header.recipients.flatMap((stanza) => {
    const { type } = stanza;
    if (type !== 1 && type !== 2) return [];
    const owners = identities.filter(({ fingerprint }) => fingerprint === stanza.fingerprint);
    return owners.map((identity) => ({ stanza, type, identity }));
  });
}

async function unwrap(
  type: Wrapping,
  stanza: Stanza,
  identity: Identity,
  signal: AbortSignal,
): Promise<Bytes> {
  try {
    const secret = await identity.unwrap(type, stanza.body, signal);
    if (secret.length === KEY_BYTES) return secret;
    throw new RangeError(`it unwraps to ${secret.length} bytes`);
  } catch (cause) {
    signal.throwIfAborted();
    throw new Refusal(
      "unwrap",
      `The private key ${stanza.fingerprint} does not open the key wrapped for it: ${reasonOf(cause)}`,
      {
        hint: "take another copy of this backup, or the private key of another recipient",
        cause,
      },
    );
  }
}

async function openStanza(header: TrustedHeader, secret: Bytes): Promise<CryptoKey> {
  const fileKey = await importFileKey(secret);
  const commitment = await deriveCommitment(fileKey, header.parts.salt);
  if (timingSafeEqual(commitment, header.parts.commitment)) return fileKey;
  throw new Refusal("commitment", `Backup ${header.id}: the key that is wrapped in it is not its own`, {
    hint: "take another copy of this backup, or the private key of another recipient",
  });
}

async function openMetadata(header: TrustedHeader, key: CryptoKey): Promise<SealedMetadata> {
  const { sealedMetadata } = header.parts;
  const additionalData = header.raw.core.slice(0, -sealedMetadata.length);
  const algorithm = { name: "AES-GCM", iv: new Uint8Array(12), additionalData };
  const opened = await crypto.subtle.decrypt(algorithm, key, sealedMetadata).catch((cause: unknown) => {
    throw new Refusal("sealed-metadata", `Backup ${header.id}: its sealed metadata cannot be opened`, {
      cause,
    });
  });
  return parseSealedMetadata(new Uint8Array(opened));
}

function refuseNoMatch(header: TrustedHeader, identities: readonly Identity[]): Refusal {
  const needed = header.recipients.map(({ fingerprint }) => fingerprint).join(", ");
  const given = identities.map(({ fingerprint }) => fingerprint).join(", ");
  return new Refusal(
    "no-matching-key",
    `Backup ${header.id} is sealed for other keys than ${given || "none"}`,
    {
      hint: `the private key of one of these opens it: ${needed}`,
    },
  );
}
