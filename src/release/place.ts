import { DbackedError } from "../base/error.ts";

/** Where releases are, if nothing else is said. */
const DEFAULT_URL = "https://dbacked.com/download";

/** Where releases come from. */
export interface Place {
  /** Without a slash at its end: the newest is right below it, each version in a folder of its own. */
  url: string;
  /** Nothing unsigned is taken from the usual place; elsewhere somebody may sign nothing. */
  needsSignature: boolean;
}

/**
 * Chooses where releases come from.
 *
 * @param url - DBACKED_DOWNLOAD_URL
 * @throws {DbackedError} `config`
 */
export function placeOf(url: string | undefined): Place {
  const wanted = (url ?? "").replace(/\/$/, "");
  if (wanted === "" || wanted === DEFAULT_URL) return { url: DEFAULT_URL, needsSignature: true };
  const parsed = URL.parse(wanted);
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw new DbackedError("config", "DBACKED_DOWNLOAD_URL must begin with https:// or http://");
  if (parsed.username !== "" || parsed.password !== "")
    throw new DbackedError("config", "DBACKED_DOWNLOAD_URL may not hold a name or password");
  return { url: wanted, needsSignature: false };
}

/** Where the files of a version are; of the newest, without one. */
export function folderOf({ url }: Place, version: string | null): string {
  return version === null ? url : `${url}/v${version}`;
}
