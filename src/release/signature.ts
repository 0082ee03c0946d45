import { verify } from "node:crypto";
import type { Bytes } from "../base/bytes.ts";
import { DbackedError } from "../base/error.ts";

/** Set by the build of a release. */
declare const DBACKED_RELEASE_KEY: string | undefined;

/** The public key, in PEM, that this program verifies releases with; null where it was built without one. */
export const RELEASE_KEY: string | null =
  typeof DBACKED_RELEASE_KEY === "undefined" ? null : DBACKED_RELEASE_KEY;

/** What is known of a release's signature. */
export interface Signed {
  /** The list of its files. */
  list: Bytes;
  /** Where that is from, for messages. */
  place: string;
  /** Null if there is none. */
  signature: Bytes | null;
  /** The public key, in PEM; null if there is none. */
  key: string | null;
}

/**
 * Verifies the signature of a release.
 *
 * @returns null, or why it could not be verified.
 * @throws {DbackedError} `damaged`, if it is wrong.
 */
export function checkSignature({ list, place, signature, key }: Signed): string | null {
  if (key === null) return "this dbacked was built without a release key";
  if (signature === null) return `there is no ${place}.sig`;
  if (verify("sha256", list, { key, dsaEncoding: "der" }, signature)) return null;
  throw new DbackedError("damaged", `The signature of ${place} is wrong: nothing from there can be trusted`);
}
