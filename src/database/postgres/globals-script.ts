import { DbackedError } from "../../base/error.ts";

/** Bytes. A role takes about 300 of them. */
export const LONGEST_SCRIPT = 256 * 1024 * 1024;

/** One SQL statement of pg_dumpall. Every character stands for a byte: names may be in any encoding. */
export interface Statement {
  /** As it was, with its semicolon. */
  text: string;
  /** Its words, names and literals as they were, without space and comments. */
  words: readonly string[];
}

/** Space, a comment, a name, both sorts of text, a word, a line that restricts psql, or any other character. */
const TOKEN =
  /\s+|--[^\n]*|"[^"]*(?:""[^"]*)*"|E'[^'\\]*(?:(?:\\[^]|'')[^'\\]*)*'|'[^']*(?:''[^']*)*'|[A-Za-z_\x80-\xff][\w$\x80-\xff]*|\\(?:un)?restrict [^\n]*|[^]/gy;

const BLANK = /^(?:\s|--)/;
const RESTRICTION = /^\\(?:un)?restrict /;

/**
 * Splits the script of `pg_dumpall --globals-only` into its statements. `\restrict` and its twin, which versions since 2025
 * write and older ones of psql do not know, are left out; what they keep out, commands of psql, is refused here.
 *
 * @throws {DbackedError} `damaged`, if it is no such script.
 */
export function splitScript(script: string): Statement[] {
  const statements: Statement[] = [];
  let words: string[] = [];
  let start = 0;
  for (const { 0: token, index } of script.matchAll(TOKEN)) {
    if (BLANK.test(token)) continue;
    if (words.length === 0) {
      if (RESTRICTION.test(token)) continue;
      start = index;
    }
    if (/^(?:\\|["'`:]$)/.test(token))
      throw new DbackedError(
        "damaged",
        "the dump of roles holds something that is no SQL statement of pg_dumpall",
      );
    words.push(token);
    if (token !== ";") continue;
    statements.push({ text: script.slice(start, index + 1), words: words.slice(0, -1) });
    words = [];
  }
  if (words.length > 0) throw new DbackedError("damaged", "the dump of roles ends inside a statement");
  return statements;
}

/** The name that a word stands for. */
export function nameIn(word: string | undefined): string {
  const name = word?.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : (word ?? "");
  return readable(name);
}

/** Text for people: names in a server's own encoding may come out wrong, and do no harm. */
export function readable(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
