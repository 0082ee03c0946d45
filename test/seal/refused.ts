import { expect } from "bun:test";
import { Refusal, type RefusalCode } from "../../src/seal/refusal.ts";

/** The code of what `promise` is refused with; fails if it is not refused, or by an error of another class. */
export async function codeOf(promise: Promise<unknown>): Promise<RefusalCode> {
  const error: unknown = await promise.then(
    () => "no error",
    (reason: unknown) => reason,
  );
  return codeOfError(error);
}

/** The code of what `act` throws. */
export function codeOfThrown(act: () => unknown): RefusalCode {
  try {
    act();
  } catch (error) {
    return codeOfError(error);
  }
  return codeOfError("no error");
}

export function codeOfError(error: unknown): RefusalCode {
  expect(error).toBeInstanceOf(Refusal);
  const refusal = error as Refusal;
  expect(refusal.message).not.toContain("undefined");
  return refusal.code;
}
