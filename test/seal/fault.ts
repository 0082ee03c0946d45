import { forge, type Design, type Forged } from "./forge.ts";
import { design, SEGMENT, textOf } from "./specimen.ts";

/** An envelope with one thing wrong, and what must happen to it. */
export interface Fault {
  /** Name of its golden file, without the ending. */
  name: string;
  /** What finds it: the code of the refusal by a reader that streams. */
  check: string;
  /** The code of the refusal by a reader of two passes. @default check */
  early?: string;
  why: string;
  /** Whose private key is tried. @default "alice" */
  key?: "alice" | "bob";
  /** How many bytes of `payload` a streaming reader may give out, at most. @default 0 */
  released?: number;
  /** The genuine plaintext. */
  payload: Buffer;
  bytes: Buffer;
}

/** Short, where the fault lies in the header. */
export const SHORT = textOf(100);

/** An envelope of one short segment, with `changes`. */
export function short(changes: Partial<Design>): Buffer {
  return forge(design(changes, SHORT)).bytes;
}

/** Two whole segments and a bit, where the fault lies behind the header. */
export const PAYLOAD = textOf(2 * SEGMENT + 100);

/** Bytes of it. */
export const ALL = PAYLOAD.length;

/** An envelope of it, with `changes`. */
export function large(changes: Partial<Design> = {}): Forged {
  return forge(design(changes, PAYLOAD));
}

/**
 * A fault behind the header. `checks` is what finds it while streaming, and in two passes where that is something
 * else; `released` is how many bytes a streaming reader may give out, at most.
 */
export type BodyRow = readonly [name: string, checks: string, released: number, why: string, bytes: Buffer];
