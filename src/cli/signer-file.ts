import { DbackedError } from "../base/error.ts";
import type { Config } from "../config/config.ts";

/**
 * Where the config keeps the signing key.
 *
 * @throws {DbackedError} `config`, if the key comes from the environment.
 */
export function requireSignerFile({ signer }: Config): string {
  if (signer !== null && "file" in signer) return signer.file;
  throw new DbackedError("config", "The signing key comes from DBACKED_SIGNER_KEY, not from a file", {
    hint: "make one with `openssl genpkey -algorithm ed25519`, and set the variable to it",
  });
}
