import { DbackedError } from "../base/error.ts";

/** The list of a release's files. */
export const SUMS_FILE = "SHA256SUMS";

/** An ECDSA P-256 signature of that list, in DER. */
export const SIGNATURE_FILE = "SHA256SUMS.sig";

/** What a release holds. */
export interface Sums {
  version: string;
  /** File → SHA-256 in hex. */
  sums: ReadonlyMap<string, string>;
}

/** What may stand as a version: it goes into addresses, and onto terminals. */
export const VERSION = /^\d+\.\d+\.\d+(?:-[\dA-Za-z.-]+)?(?:\+[\dA-Za-z.-]+)?$/;

const LINE = /^([\da-f]{64}) {2}([\w.-]+)$/;

/** Prints the list as `sha256sum --check` reads it; the version is a comment, so that the signature covers it. */
export function printSums({ version, sums }: Sums): string {
  const lines = [...sums].map(([file, sum]) => `${sum}  ${file}\n`);
  return `# dbacked ${version}\n${lines.join("")}`;
}

/**
 * Reads what `printSums()` wrote.
 *
 * @param place - where it comes from, for the message.
 * @throws {DbackedError} `damaged`
 */
export function readSums(text: string, place: string): Sums {
  const [head = "", ...lines] = text.trimEnd().split("\n");
  const version = head.startsWith("# dbacked ") ? head.slice("# dbacked ".length) : "";
  const sums = new Map<string, string>();
  for (const line of lines) {
    const [, sum, file] = LINE.exec(line) ?? [];
    if (sum === undefined || file === undefined) throw noList(place);
    sums.set(file, sum);
  }
  if (!VERSION.test(version)) throw noList(place);
  return { version, sums };
}

function noList(place: string): DbackedError {
  return new DbackedError("damaged", `${place} is no list of a release of dbacked`);
}
