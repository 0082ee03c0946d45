import { closeSync, fchmodSync, fstatSync, openSync, writeSync } from "node:fs";

const STDERR = 2;

/** A log that is added to, for its owner's eyes only. */
export class LogFile {
  readonly #path: string;
  #file: number;

  /** @throws if it cannot be opened. */
  constructor(path: string) {
    this.#path = path;
    this.#file = openLogFile(path);
  }

  /** A full disk must not end whoever has something to tell. */
  write(text: string): void {
    try {
      writeSync(this.#file, `${text}\n`);
    } catch {
      // Nobody can be told.
    }
  }

  /** Goes on in a file of the same name: a new one, if that was moved away. @throws if that cannot be opened. */
  reopen(): void {
    const old = this.#file;
    this.#file = openLogFile(this.#path);
    closeSync(old);
  }
}

/** Opens a file to add to. @returns its descriptor. */
export function openLogFile(path: string): number {
  const file = openSync(path, "a", 0o600);
  // Somebody may have made it before, with a wider mode.
  if (fstatSync(file).isFile()) fchmodSync(file, 0o600);
  return file;
}

/** Whether what goes to stderr is read by systemd's journal, which says by device and inode where it listens. */
export function isJournal({ JOURNAL_STREAM }: Readonly<Record<string, string | undefined>>): boolean {
  if (JOURNAL_STREAM === undefined || JOURNAL_STREAM === "") return false;
  const { dev, ino } = fstatSync(STDERR);
  return JOURNAL_STREAM === `${dev}:${ino}`;
}
