import {
  Cursor,
  type Document,
  emptyTable,
  isTable,
  Lines,
  type Path,
  SyntaxMistake,
  type Table,
} from "./document.ts";

const SPACE = /[ \t\r\n]*/y;
/** Of the control characters only those below 32 must be escaped. */
const STRING = /"(?:[^"\\\p{Cc}]|[\u007F-\u009F]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/uy;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/**
 * Reads JSON, strictly, and notes the lines. `JSON.parse` says neither where a mistake is nor that a key stands twice,
 * and repeats a part of the text in its message, which may be a secret.
 *
 * @throws {SyntaxMistake}
 */
export function parseJson(text: string): Document {
  const reader = new Reader(text);
  const tree = reader.document();
  if (!isTable(tree)) throw new SyntaxMistake(1, "expected an object: { … }");
  return { tree, lines: reader.lines };
}

class Reader {
  readonly lines = new Lines();
  readonly #cursor: Cursor;

  constructor(text: string) {
    this.#cursor = new Cursor(text);
    this.#cursor.skip("\uFEFF");
  }

  document(): unknown {
    const tree = this.#value([]);
    this.#cursor.take(SPACE);
    if (!this.#cursor.ended) throw this.#mistake("expected nothing more");
    return tree;
  }

  #value(path: Path): unknown {
    this.#cursor.take(SPACE);
    this.lines.set(path, this.#cursor.line);
    if (this.#cursor.skip("{")) return this.#object(path);
    if (this.#cursor.skip("[")) return this.#array(path);
    const token = this.#cursor.take(STRING) ?? this.#cursor.take(SCALAR);
    if (token === null) throw this.#mistake("expected a value");
    return JSON.parse(token);
  }

  #object(path: Path): Table {
    const table = emptyTable();
    if (this.#skip("}")) return table;
    do {
      const name = this.#key();
      if (name in table) throw this.#mistake(`the key ${JSON.stringify(name)} stands twice`);
      if (!this.#skip(":")) throw this.#mistake("expected a colon after a key");
      table[name] = this.#value([...path, name]);
    } while (this.#skip(","));
    if (!this.#skip("}")) throw this.#mistake("expected a comma or }");
    return table;
  }

  #array(path: Path): unknown[] {
    const values: unknown[] = [];
    if (this.#skip("]")) return values;
    do values.push(this.#value([...path, values.length]));
    while (this.#skip(","));
    if (!this.#skip("]")) throw this.#mistake("expected a comma or ]");
    return values;
  }

  #key(): string {
    this.#cursor.take(SPACE);
    const token = this.#cursor.take(STRING);
    if (token === null) throw this.#mistake('expected a key in "…"');
    return JSON.parse(token) as string;
  }

  #skip(mark: string): boolean {
    this.#cursor.take(SPACE);
    return this.#cursor.skip(mark);
  }

  #mistake(message: string): SyntaxMistake {
    return new SyntaxMistake(this.#cursor.line, message);
  }
}
