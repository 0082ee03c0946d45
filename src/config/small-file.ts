import { isOpenToAll, reasonOfRead } from "./config-file.ts";

/** Bytes. No key is longer, and a device never ends. */
const LIMIT = 64 * 1024;

/** A file with one secret or one key. */
export interface SmallFile {
  text: string;
  /** Whether every user of this host may read it. */
  isOpen: boolean;
}

/**
 * Reads a file with one secret or one key.
 *
 * @returns the reason if it cannot be read, for the list of mistakes.
 */
export async function readSmallFile(path: string): Promise<SmallFile | string> {
  try {
    const text = await Bun.file(path)
      .slice(0, LIMIT + 1)
      .text();
    if (text.length > LIMIT) return `${path} is too long`;
    if (text.trim() === "") return `${path} is empty`;
    return { text, isOpen: await isOpenToAll(path) };
  } catch (error) {
    return `${path} cannot be read: ${reasonOfRead(error)}`;
  }
}
