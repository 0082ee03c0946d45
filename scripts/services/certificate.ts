import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { requireProgram, runProgram } from "./service.ts";

/** Where a server's certificate and its key lie. */
export interface Certificate {
  /** Its clients trust this file. */
  certificate: string;
  key: string;
}

/** The files of a certificate in this folder, whether they are there or not. */
export function certificateIn(folder: string): Certificate {
  return { certificate: join(folder, "server.crt"), key: join(folder, "server.key") };
}

/**
 * Makes a certificate for the loopback address, signed by itself, which every user of this host can read.
 *
 * @param prefix the words that run a program as the user of the server.
 */
export async function makeCertificate(folder: string, prefix: readonly string[] = []): Promise<void> {
  const { certificate, key } = certificateIn(folder);
  const pair = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const openssl = requireProgram("openssl", "openssl");
  await runProgram([
    ...prefix,
    openssl,
    "req",
    "-x509",
    ...pair,
    ...names,
    "-keyout",
    key,
    "-out",
    certificate,
  ]);
  await chmod(certificate, 0o644);
  await chmod(folder, 0o755);
}
