const NEWLINE = 0x0a;
const QUOTE = 0x27;
const OPEN = 0x28;
const CLOSE = 0x29;
const BACKSLASH = 0x5c;
const BACKTICK = 0x60;
const SEMICOLON = 0x3b;
const LETTER_V = 0x56;

/**
 * Counts the rows in one line of an INSERT, from behind the table's name: `(columns) VALUES (row),(row);`. Inside a text
 * anything may stand; a backslash takes away the meaning of what follows it.
 */
export class RowCounter {
  rows = 0;
  /** True once the line has ended. */
  hasEnded = false;
  /** True if the statement ends with the line. */
  isLast = false;
  #hasValues = false;
  #isName = false;
  #isText = false;
  /** The next byte is what a backslash escapes. */
  #isEscaped = false;
  #depth = 0;

  start(): void {
    this.rows = 0;
    this.hasEnded = false;
    this.isLast = false;
    this.#hasValues = false;
    this.#isName = false;
    this.#isText = false;
    this.#isEscaped = false;
    this.#depth = 0;
  }

  /** Takes the next bytes from `start` on. @returns where the next line begins, or the end of the piece. */
  push(piece: Uint8Array, start: number): number {
    let at = start;
    while (at < piece.length && !this.hasEnded) {
      if (!this.#hasValues) at = this.#findValues(piece, at);
      else if (this.#isText) at = this.#skipText(piece, at);
      else at = this.#countUntilText(piece, at);
    }
    return at;
  }

  /** The word VALUES is the first thing with a V that is not a column's quoted name. */
  #findValues(piece: Uint8Array, start: number): number {
    for (let at = start; at < piece.length; at += 1) {
      const byte = piece[at];
      if (byte === BACKTICK) this.#isName = !this.#isName;
      else if (byte === LETTER_V && !this.#isName) {
        this.#hasValues = true;
        return at + 1;
      }
    }
    return piece.length;
  }

  #countUntilText(piece: Uint8Array, start: number): number {
    for (let at = start; at < piece.length; at += 1) {
      const byte = piece[at];
      if (byte === QUOTE) {
        this.#isText = true;
        return at + 1;
      }
      if (byte === OPEN) {
        if (this.#depth === 0) this.rows += 1;
        this.#depth += 1;
      } else if (byte === CLOSE) this.#depth -= 1;
      else if (byte === SEMICOLON) this.isLast = true;
      else if (byte === NEWLINE) {
        this.hasEnded = true;
        return at + 1;
      }
    }
    return piece.length;
  }

  /** Jumps from quote to quote: one with an odd number of backslashes before it is part of the text. */
  #skipText(piece: Uint8Array, start: number): number {
    const from = this.#isEscaped ? start + 1 : start;
    this.#isEscaped = false;
    let at = from;
    for (;;) {
      const quote = piece.indexOf(QUOTE, at);
      const end = quote === -1 ? piece.length : quote;
      const isEscaped = this.#countBackslashes(piece, from, end) % 2 === 1;
      if (quote === -1) {
        this.#isEscaped = isEscaped;
        return piece.length;
      }
      at = quote + 1;
      if (isEscaped) continue;
      this.#isText = false;
      return at;
    }
  }

  #countBackslashes(piece: Uint8Array, from: number, end: number): number {
    let at = end;
    while (at > from && piece[at - 1] === BACKSLASH) at -= 1;
    return end - at;
  }
}
