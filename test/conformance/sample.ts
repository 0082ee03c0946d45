import type { Bytes } from "../../src/base/bytes.ts";

/** Bytes without a pattern, always the same for the same seed. */
export function sample(length: number, seed = 1): Bytes {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = Math.imul(seed, 0x9e37_79b1) | 1;
  for (let at = 0; at < words.length; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}

/** What a promise fails with; undefined if it does not fail. */
export function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** The error that a promise fails with. */
export async function errorOf(promise: Promise<unknown>): Promise<Error & { kind?: string; hint?: string }> {
  const failure = await failureOf(promise);
  if (failure instanceof Error) return failure;
  throw new Error(failure === undefined ? "did not fail" : "failed with what is no error", {
    cause: failure,
  });
}
