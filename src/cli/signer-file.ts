import { DbackedError } from "../base/error.ts";
import type { Config } from "../config/config.ts";
import { readSignerFile } from "../job/signer.ts";
import { readSigner, type Signer } from "../seal/signer.ts";

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

/** This host's own signer; null if it has none. @throws {DbackedError} `key` */
export async function readOwnSigner({ signer }: Config): Promise<Signer | null> {
  if (signer === null) return null;
  return "file" in signer ? await readSignerFile(signer.file) : await readSigner(signer.pem.reveal());
}
