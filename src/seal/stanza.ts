import { type Bytes, concat } from "../base/bytes.ts";
import { readU16, u16 } from "./integer.ts";
import type { ByteReader } from "./reader.ts";
import { refuseHeader } from "./refusal.ts";

/** A file key, wrapped for one recipient. */
export interface Stanza {
  /** How it is wrapped. Readers skip what they do not know. */
  type: number;
  /** SHA-256 of the recipient's SPKI, in hex. */
  fingerprint: string;
  body: Bytes;
}

export const MAX_RECIPIENTS = 64;

const MAX_BODY_BYTES = 8192;

/** Type, length of the body and fingerprint. */
const HEAD_BYTES = 36;

/** No list of recipients is longer than this. */
export const MAX_STANZAS_BYTES = 2 + MAX_RECIPIENTS * (HEAD_BYTES + MAX_BODY_BYTES);

/** The list of recipients as it is in the file: their number, then one after the other. */
export function encodeStanzas(stanzas: readonly Stanza[]): Bytes {
  const encoded = stanzas.map(({ type, fingerprint, body }) =>
    concat(u16(type), u16(body.length), Uint8Array.fromHex(fingerprint), body),
  );
  return concat(u16(stanzas.length), ...encoded);
}

/** Reads a list of recipients. @throws {Refusal} `recipients` or `truncated` */
export async function readStanzas(reader: ByteReader): Promise<{ bytes: Bytes; stanzas: readonly Stanza[] }> {
  const count = readU16(await reader.takeWhole(2), 0);
  if (count < 1 || count > MAX_RECIPIENTS) {
    throw refuseHeader("recipients", `${count} recipients are not allowed`);
  }
  const stanzas: Stanza[] = [];
  for (let index = 0; index < count; index += 1) stanzas.push(await readStanza(reader));
  // Every field has one encoding, so these are the bytes that were read.
  return { bytes: encodeStanzas(stanzas), stanzas };
}

async function readStanza(reader: ByteReader): Promise<Stanza> {
  const head = await reader.takeWhole(HEAD_BYTES);
  const bodyBytes = readU16(head, 2);
  if (bodyBytes < 1 || bodyBytes > MAX_BODY_BYTES) {
    throw refuseHeader("recipients", `a wrapped key of ${bodyBytes} bytes is not allowed`);
  }
  const fingerprint = head.subarray(4).toHex();
  return { type: readU16(head, 0), fingerprint, body: await reader.takeWhole(bodyBytes) };
}
