import { randomBytes } from "node:crypto";
import { link, open, rename, rm } from "node:fs/promises";

/** Replaces a file as a whole: whoever reads it sees the old text or the new one. For its owner's eyes only. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await withDraft(path, text, async (draft) => await rename(draft, path));
}

/** Writes a file, as a whole, that is not there yet; fails with EEXIST if it is. For its owner's eyes only. */
export async function createFile(path: string, text: string): Promise<void> {
  await withDraft(path, text, async (draft) => await link(draft, path));
}

async function withDraft(path: string, text: string, use: (draft: string) => Promise<void>): Promise<void> {
  const draft = nameBeside(path);
  try {
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    await use(draft);
  } finally {
    await rm(draft, { force: true });
  }
}

/** A name that nobody else uses, in the same folder. */
function nameBeside(path: string): string {
  return `${path}.${randomBytes(6).toString("hex")}.tmp`;
}

/** What stands in a file; null if it is not there. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await Bun.file(path).text();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw error;
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
