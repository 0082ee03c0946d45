/** The way to a value: keys, and indices of arrays. */
export type Path = readonly (string | number)[];

/** A table as a config file has it; it has no prototype, so `__proto__` is a key like others. */
export type Table = Record<string, unknown>;

/** A config file as it was written: its values, and on which line each begins. */
export interface Document {
  tree: Table;
  lines: Lines;
}

/** The file is not what its name says. */
export class SyntaxMistake extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** Knows the lines of values by their paths. */
export class Lines {
  readonly #lines = new Map<string, number>();

  set(path: Path, line: number): void {
    this.#lines.set(pathKey(path), line);
  }

  /** The line of the value at `path`; null if there is none. */
  of(path: Path): number | null {
    return this.#lines.get(pathKey(path)) ?? null;
  }
}

/** A path as one string. */
export function pathKey(path: Path): string {
  return JSON.stringify(path.map(String));
}

export function emptyTable(): Table {
  return Object.create(null) as Table;
}

export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null;
}

/** A text and a place in it. */
export class Cursor {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get ended(): boolean {
    return this.at >= this.text.length;
  }

  get line(): number {
    return this.text.slice(0, this.at).split("\n").length;
  }

  /** Steps over `word`, if that is what comes. */
  skip(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  /** Steps over what `pattern` (sticky) matches here, and gives it; null if it matches nothing. */
  take(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? null;
    this.at += found?.length ?? 0;
    return found;
  }
}
