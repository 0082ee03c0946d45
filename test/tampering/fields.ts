import type { Genuine } from "./genuine.ts";

/** A part of an envelope that has a meaning of its own. */
export interface Field {
  name: string;
  at: number;
  length: number;
}

/** Every field of the core, by its offsets in docs/format.md. */
export function coreFields({ core }: Genuine): Field[] {
  const publicBytes = core.readUInt32BE(112);
  return [
    { name: "magic", at: 0, length: 7 },
    { name: "major version", at: 7, length: 1 },
    { name: "suite", at: 8, length: 2 },
    { name: "size of segments", at: 10, length: 1 },
    { name: "flags", at: 11, length: 1 },
    { name: "length of the core", at: 12, length: 4 },
    { name: "salt", at: 16, length: 32 },
    { name: "commitment", at: 48, length: 32 },
    { name: "signer", at: 80, length: 32 },
    { name: "length of the public metadata", at: 112, length: 4 },
    { name: "length of the sealed metadata", at: 116, length: 4 },
    { name: "public metadata", at: 120, length: publicBytes },
    { name: "sealed metadata", at: 120 + publicBytes, length: core.length - 120 - publicBytes },
  ];
}

/** Every field of the first recipient, and what follows the list. */
export function stanzaFields({ core, header }: Genuine): Field[] {
  const at = core.length;
  return [
    { name: "number of recipients", at, length: 2 },
    { name: "type of a recipient", at: at + 2, length: 2 },
    { name: "length of a wrapped key", at: at + 4, length: 2 },
    { name: "fingerprint", at: at + 6, length: 32 },
    { name: "wrapped key", at: at + 38, length: header.readUInt16BE(at + 4) },
    { name: "MAC of the header", at: header.length - 96, length: 32 },
    { name: "signature of the header", at: header.length - 64, length: 64 },
  ];
}

/** Every field of the trailer. */
export function trailerFields({ bytes, trailer }: Genuine): Field[] {
  const at = bytes.length - trailer.length;
  return [
    { name: "magic of the trailer", at, length: 8 },
    { name: "number of segments", at: at + 8, length: 8 },
    { name: "length of the payload", at: at + 16, length: 8 },
    { name: "digest of the segments", at: at + 24, length: 32 },
    { name: "summary", at: at + 56, length: 96 },
    { name: "final signature", at: at + 152, length: 64 },
  ];
}
