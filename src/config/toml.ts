import { parse, TomlDate, TomlError } from "smol-toml";

import {
  Cursor,
  type Document,
  isTable,
  Lines,
  type Path,
  pathKey,
  SyntaxMistake,
  type Table,
} from "./document.ts";

/**
 * Reads TOML, and notes the lines. Moments become texts, as JSON has them.
 *
 * @throws {SyntaxMistake}
 */
export function parseToml(text: string): Document {
  try {
    const tree = withoutDates(parse(text)) as Table;
    return { tree, lines: new Locator(text).locate() };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // What follows the first line shows the text around the place, which may be a secret.
    const [reason = ""] = error.message.split("\n");
    throw new SyntaxMistake(error.line, reason.replace("Invalid TOML document: ", ""));
  }
}

function withoutDates(value: unknown): unknown {
  if (value instanceof TomlDate) return value.toISOString();
  if (Array.isArray(value)) return value.map(withoutDates);
  if (isTable(value)) for (const [key, each] of Object.entries(value)) value[key] = withoutDates(each);
  return value;
}

const SPACE = /[ \t]*/y;
const VOID = /(?:\s|#[^\n]*)*/y;
const BARE_KEY = /[\w-]+/y;
const SCALAR = /[^,\]}\n#]+/y;
const STRINGS = [/"""(?:[^\\]|\\[^])*?"""(?!")/y, /'''[^]*?'''(?!')/y, /"(?:[^"\\\n]|\\.)*"/y, /'[^'\n]*'/y];

/** Finds the lines of all values of a document that is known to be right: the parser tells them only of mistakes. */
class Locator {
  readonly #lines = new Lines();
  readonly #cursor: Cursor;
  /** How many tables each `[[name]]` has had. */
  readonly #counts = new Map<string, number>();

  constructor(text: string) {
    this.#cursor = new Cursor(text);
    this.#cursor.skip("\uFEFF");
  }

  locate(): Lines {
    let table: Path = [];
    this.#cursor.take(VOID);
    while (!this.#cursor.ended) {
      if (this.#cursor.skip("[[")) table = this.#header(true);
      else if (this.#cursor.skip("[")) table = this.#header(false);
      else this.#pair(table);
      this.#cursor.take(VOID);
    }
    return this.#lines;
  }

  #header(isElement: boolean): Path {
    const { line } = this.#cursor;
    const key = this.#key();
    const inside = this.#resolve(key.slice(0, -1));
    const last = [...inside, ...key.slice(-1)];
    const count = this.#counts.get(pathKey(last)) ?? 0;
    if (isElement) this.#counts.set(pathKey(last), count + 1);
    const table = isElement ? [...last, count] : this.#resolve(key);
    this.#lines.set(table, line);
    this.#cursor.skip(isElement ? "]]" : "]");
    return table;
  }

  /** `databases.options` means the last of `[[databases]]`. */
  #resolve(key: readonly string[]): Path {
    const path: (string | number)[] = [];
    for (const part of key) {
      path.push(part);
      const count = this.#counts.get(pathKey(path));
      if (count !== undefined) path.push(count - 1);
    }
    return path;
  }

  #pair(table: Path): void {
    const { line } = this.#cursor;
    const path = [...table, ...this.#key()];
    for (let length = table.length + 1; length <= path.length; length++)
      this.#lines.set(path.slice(0, length), line);
    this.#cursor.skip("=");
    this.#value(path);
  }

  #key(): string[] {
    const parts: string[] = [];
    do {
      this.#cursor.take(SPACE);
      parts.push(this.#cursor.take(BARE_KEY) ?? unquote(this.#string() ?? ""));
      this.#cursor.take(SPACE);
    } while (this.#cursor.skip("."));
    return parts;
  }

  #value(path: Path): void {
    this.#cursor.take(VOID);
    this.#lines.set(path, this.#cursor.line);
    if (this.#cursor.skip("[")) this.#items("]", (index) => this.#value([...path, index]));
    else if (this.#cursor.skip("{")) this.#items("}", () => this.#pair(path));
    else if (this.#string() === null) this.#cursor.take(SCALAR);
  }

  #items(end: string, read: (index: number) => void): void {
    this.#cursor.take(VOID);
    for (let index = 0; !this.#cursor.skip(end) && !this.#cursor.ended; index++) {
      read(index);
      this.#cursor.take(VOID);
      this.#cursor.skip(",");
      this.#cursor.take(VOID);
    }
  }

  #string(): string | null {
    for (const pattern of STRINGS) {
      const found = this.#cursor.take(pattern);
      if (found !== null) return found;
    }
    return null;
  }
}

function unquote(key: string): string {
  if (!key.startsWith('"')) return key.slice(1, -1);
  try {
    return JSON.parse(key) as string;
  } catch {
    // TOML has a few escapes that JSON has not.
    return key.slice(1, -1);
  }
}
