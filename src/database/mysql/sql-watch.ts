import { concat, type Bytes } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";
import { RowCounter } from "./row-counter.ts";

const NEWLINE = 0x0a;
const OPEN = 0x28;
const SEMICOLON = 0x3b;

/** How much of a line is looked at: a name of 64 characters, each quoted, each of four bytes, and the words around it. */
const LEAD = 768;

/** How much of the dump's end is kept: the completion line, with a date behind it. */
const TAIL = 128;

/** First bytes of the lines that say something: `CREATE`, `DELIMITER`, `INSERT` and `--`. */
const TELLING: ReadonlySet<number> = new Set([0x43, 0x44, 0x49, 0x2d]);

const COMPLETION = /^-- Dump completed(?: on |$)/;
const NAMED = /^(CREATE TABLE|INSERT INTO) (?:IF NOT EXISTS )?`((?:[^`]|``)*)`/;
const POSITION = /^-- CHANGE MASTER TO MASTER_LOG_FILE='([^']*)', MASTER_LOG_POS=(\d+)/;

/** Where we are: at the beginning of a line, inside one that says nothing, or among the rows of an INSERT. */
type State = "lead" | "skip" | "rows";

/**
 * Reads a dump as it passes: line by line, since neither program writes a line feed into a row as it is. So it finds the
 * tables, counts their rows, and knows at the end whether the dump is whole.
 */
export class SqlWatch {
  /** Rows of each table; a dump without rows has none. */
  readonly rows = new Map<string, number>();
  /** Of the snapshot, as `binlog.000001:1234`; null if the dump does not say. */
  logPosition: string | null = null;

  readonly #counter = new RowCounter();
  #state: State = "lead";
  #lead: Bytes = new Uint8Array(0);
  #tail: Bytes = new Uint8Array(0);
  /** The table whose INSERT goes on in the next line: MariaDB's program writes each row on a line of its own. */
  #table: string | null = null;
  #lastByte = 0;
  /** True inside the text of a trigger, routine or event, which may look like anything. */
  #isBody = false;

  see(piece: Bytes): void {
    this.#tail = concat(this.#tail, piece.subarray(-TAIL)).slice(-TAIL);
    let at = 0;
    while (at < piece.length) {
      if (this.#state === "skip") at = this.#skip(piece, at);
      else if (this.#state === "rows") at = this.#countRows(piece, at);
      else at = this.#startLine(piece, at);
    }
  }

  /** @throws {DbackedError} `damaged`, if the dump is not whole. */
  end(): void {
    const [last = ""] = new TextDecoder().decode(this.#tail).trimEnd().split("\n").slice(-1);
    if (!COMPLETION.test(last))
      throw new DbackedError("damaged", "the dump ends without the line that says that it is complete");
  }

  #skip(piece: Bytes, start: number): number {
    const end = piece.indexOf(NEWLINE, start);
    if (end === -1) {
      this.#lastByte = piece[piece.length - 1] ?? 0;
      return piece.length;
    }
    const last = end > start ? (piece[end - 1] ?? 0) : this.#lastByte;
    if (last === SEMICOLON) this.#table = null;
    this.#state = "lead";
    return end + 1;
  }

  #countRows(piece: Bytes, start: number): number {
    const at = this.#counter.push(piece, start);
    if (!this.#counter.hasEnded) return at;
    const { rows, isLast } = this.#counter;
    this.#add(this.#table ?? "", rows);
    if (isLast) this.#table = null;
    this.#state = "lead";
    return at;
  }

  /** Takes up what a line begins with, until it is known what it is. */
  #startLine(piece: Bytes, start: number): number {
    const first = this.#lead.length === 0 ? piece[start] : this.#lead[0];
    if (first === OPEN && this.#table !== null) this.#add(this.#table, 1);
    if (first === undefined || !TELLING.has(first)) {
      this.#state = "skip";
      return start;
    }
    const newline = piece.indexOf(NEWLINE, start);
    const wanted = start + LEAD - this.#lead.length;
    const end = Math.min(newline === -1 ? piece.length : newline, wanted, piece.length);
    this.#lead = concat(this.#lead, piece.subarray(start, end));
    if (end === piece.length && this.#lead.length < LEAD) return end;
    const lead = this.#lead;
    this.#lead = new Uint8Array(0);
    this.#lastByte = lead.at(-1) ?? 0;
    this.#state = "skip";
    this.#judge(lead);
    return end;
  }

  #judge(lead: Bytes): void {
    const line = new TextDecoder().decode(lead);
    if (line.startsWith("DELIMITER ")) this.#isBody = line.slice("DELIMITER ".length).trim() !== ";";
    if (this.#isBody) return;
    const [, file, position] = POSITION.exec(line) ?? [];
    if (file !== undefined) this.logPosition ??= `${file}:${position}`;
    const [whole = "", verb, quoted] = NAMED.exec(line) ?? [];
    if (quoted === undefined) return;
    const table = quoted.replaceAll("``", "`");
    this.#add(table, 0);
    if (verb !== "INSERT INTO") return;
    this.#table = table;
    this.#counter.start();
    this.#counter.push(lead, Buffer.byteLength(whole));
    this.#state = "rows";
  }

  #add(table: string, rows: number): void {
    this.rows.set(table, (this.rows.get(table) ?? 0) + rows);
  }
}
