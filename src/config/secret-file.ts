import { DbackedError } from "../base/error.ts";
import { Secret } from "../base/secret.ts";
import { readSmallFile } from "./small-file.ts";

/** A secret out of a file of its own. */
export interface FiledSecret {
  secret: Secret;
  /** Whether every user of this host may read the file. */
  isOpen: boolean;
}

/** What is said of a file that every user of this host may read, and that holds `what`. */
export function warnOpen(path: string, what: string): string {
  return `${path} holds ${what}, and every user of this host can read it: chmod 600 ${path}`;
}

/**
 * Reads a file that holds one secret on one line, as `--passphrase-file` names it.
 *
 * @throws {DbackedError} `config`
 */
export async function readSecretFile(path: string): Promise<Secret> {
  const read = await tryReadSecret(path);
  if (typeof read === "string") throw new DbackedError("config", read);
  return read.secret;
}

/** Reads a file that holds one secret on one line; gives the reason if it cannot. */
export async function tryReadSecret(path: string): Promise<FiledSecret | string> {
  const read = await readSmallFile(path);
  if (typeof read === "string") return read;
  // Editors end the line; that belongs to no password.
  const line = read.text.replace(/\r?\n$/, "");
  if (line.includes("\n")) return `${path} has more than one line`;
  return { secret: new Secret(line), isOpen: read.isOpen };
}
