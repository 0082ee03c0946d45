import type { Bytes } from "../base/bytes.ts";

/** The format's integers are unsigned and big-endian. */
export function u16(value: number): Bytes {
  const bytes = new Uint8Array(2);
  viewOf(bytes).setUint16(0, value);
  return bytes;
}

export function u32(value: number): Bytes {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value);
  return bytes;
}

export function u64(value: number): Bytes {
  const bytes = new Uint8Array(8);
  viewOf(bytes).setBigUint64(0, BigInt(value));
  return bytes;
}

export function readU16(bytes: Bytes, at: number): number {
  return viewOf(bytes).getUint16(at);
}

export function readU32(bytes: Bytes, at: number): number {
  return viewOf(bytes).getUint32(at);
}

/** Values beyond 2^53 lose digits, and stay beyond every bound of the format. */
export function readU64(bytes: Bytes, at: number): number {
  return Number(viewOf(bytes).getBigUint64(at));
}

function viewOf(bytes: Bytes): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
