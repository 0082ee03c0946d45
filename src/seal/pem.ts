import type { Bytes } from "../base/bytes.ts";

/** One block of a PEM file. */
export interface PemBlock {
  /** As in `-----BEGIN <label>-----`. */
  label: string;
  /** The block with both its lines, ended by a newline. */
  text: string;
  /** The decoded content; null if it is not base64, as in a block with headers of its own. */
  der: Bytes | null;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\n((?:(?!-----)[\s\S])*)-----END \1-----/g;

/** The text of a PEM file, its lines without line ends of Windows and spaces around them. */
export function pemText(file: string | Bytes): string {
  const text = typeof file === "string" ? file : new TextDecoder().decode(file);
  const lines = text.split("\n").map((line) => line.trim());
  return lines.join("\n");
}

/** Finds all blocks of a PEM file; text around them does no harm. */
export function readPem(text: string): readonly PemBlock[] {
  return [...text.matchAll(BLOCK)].map(([block, label = "", body = ""]) => ({
    label,
    text: `${block}\n`,
    der: decode(body),
  }));
}

/** Writes one block, in lines of 64 characters. */
export function writePem(label: string, der: Bytes): string {
  const lines = der.toBase64().match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

function decode(body: string): Bytes | null {
  try {
    return Uint8Array.fromBase64(body, { lastChunkHandling: "strict" });
  } catch {
    return null;
  }
}
