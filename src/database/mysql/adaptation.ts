import { concat, utf8, type Bytes, type ByteTransform } from "../../base/bytes.ts";
import { identifier } from "./quotes.ts";

const NEWLINE = 0x0a;

/** The longest line that is waited for, in bytes: a view is a line, and the first one of a routine may hold all of it. */
const LONGEST = { line: 1024 * 1024, body: 64 * 1024 * 1024 } as const;

const NAME = '(?:`(?:[^`]|``)*`|"(?:[^"]|"")*")';
/** An account, or a role of MariaDB, which has no host. */
const DEFINER = new RegExp(`DEFINER=${NAME}(?:@${NAME})?`);
/** The one line of a view that names its definer. */
const OF_VIEW = new RegExp(`^/\\*!50013 ${DEFINER.source} SQL SECURITY `);
/** How the statement of a routine, a trigger or an event begins. */
const OF_BODY = new RegExp(`^(?:/\\*!\\d+ )?CREATE(?:\\*/ /\\*!\\d+)? ${DEFINER.source}`);

/**
 * The only line that names the dumped database, before and after what was created under another character set than the
 * database has now.
 */
const OF_DATABASE = new RegExp(`^ALTER DATABASE ${NAME} (?=CHARACTER SET \\w+ COLLATE \\w+ ;+$)`);

/** The comment that tells which database was dumped. */
const HEAD = /^-- Host: .* {4}Database: (.*)$/;
/**
 * A column, and a view: the database stands before each of MariaDB's sequences that they take numbers from, and before a
 * function that was written so.
 */
const OF_USERS = /^(?: {2}`|\/\*!50001 VIEW )/;

/** First bytes of the lines that matter: two blanks, `--`, `/*!`, `ALTER`, `CREATE`, `DELIMITER`. */
const TELLING: ReadonlySet<number> = new Set([0x20, 0x2d, 0x2f, 0x41, 0x43, 0x44]);

/**
 * Fits a script to the database that it is restored into: what names the dumped database comes to mean this one.
 * With `noOwner`, views, routines, triggers and events run in the name of whoever restores them. Only lines of the dump
 * program itself are changed; what a body or a row says stays.
 */
export function adaptScript({ noOwner }: { noOwner: boolean }): ByteTransform {
  const lines = new Lines(noOwner);
  return new TransformStream({
    transform(piece, controller) {
      const passed = lines.push(piece);
      if (passed.length > 0) controller.enqueue(passed);
    },
    flush(controller) {
      const rest = lines.end();
      if (rest.length > 0) controller.enqueue(rest);
    },
  });
}

class Lines {
  readonly #noOwner: boolean;
  /** Sequences and functions of the dumped database, up to their name; null until that database is known. */
  #used: RegExp | null = null;
  /** The beginning of a line that may matter and has not ended yet. */
  #rest: Bytes = new Uint8Array(0);
  /** True inside a line of which the beginning has passed. */
  #isInside = false;
  /** True between DELIMITER ;; and DELIMITER ; */
  #isBody = false;
  /** True where the next line of a body begins a statement. */
  #isStart = false;

  constructor(noOwner: boolean) {
    this.#noOwner = noOwner;
  }

  push(piece: Bytes): Bytes {
    const bytes = this.#rest.length === 0 ? piece : concat(this.#rest, piece);
    this.#rest = new Uint8Array(0);
    const passed: Bytes[] = [];
    let from = 0;
    let at = 0;
    while (at < bytes.length) {
      const newline = bytes.indexOf(NEWLINE, at);
      const matters = !this.#isInside && this.#matters(bytes[at] ?? 0);
      if (newline === -1) {
        if (matters && bytes.length - at < (this.#isBody ? LONGEST.body : LONGEST.line)) {
          this.#rest = bytes.slice(at);
          return concat(...passed, bytes.subarray(from, at));
        }
        this.#isInside = true;
        break;
      }
      if (matters) {
        const changed = this.#judge(bytes.subarray(at, newline));
        if (changed !== null) {
          passed.push(bytes.subarray(from, at), changed);
          from = newline;
        }
      }
      this.#isInside = false;
      at = newline + 1;
    }
    return passed.length === 0 ? bytes : concat(...passed, bytes.subarray(from));
  }

  end(): Bytes {
    return this.#rest;
  }

  /** In a body every line matters: one may end a statement. */
  #matters(first: number): boolean {
    return this.#isBody || TELLING.has(first);
  }

  /** @returns what stands in the line's place; null if it stays. */
  #judge(line: Bytes): Bytes | null {
    const text = new TextDecoder().decode(line);
    if (text.startsWith("DELIMITER ")) {
      this.#isBody = text.slice("DELIMITER ".length).trim() !== ";";
      this.#isStart = true;
      return null;
    }
    const isStart = this.#isStart;
    if (this.#isBody) this.#isStart = text.trimEnd().endsWith(";;");
    if (this.#isBody && !isStart) return null;
    if (!this.#isBody && this.#used === null) this.#used = usedOf(text);
    if (OF_DATABASE.test(text)) return utf8(text.replace(OF_DATABASE, "ALTER DATABASE "));
    if (!this.#isBody && OF_USERS.test(text)) return this.#forgetDatabase(text);
    const pattern = this.#isBody ? OF_BODY : OF_VIEW;
    if (!this.#noOwner || !pattern.test(text)) return null;
    return utf8(text.replace(DEFINER, "DEFINER=CURRENT_USER"));
  }

  #forgetDatabase(text: string): Bytes | null {
    const changed = this.#used === null ? text : text.replaceAll(this.#used, "$1");
    return changed === text ? null : utf8(changed);
  }
}

function usedOf(line: string): RegExp | null {
  const database = HEAD.exec(line)?.[1];
  if (database === undefined) return null;
  const prefix = RegExp.escape(`${identifier(database)}.`);
  const sequence = String.raw`\b((?:nextval|lastval|setval)\()${prefix}`;
  return new RegExp(`${sequence}|${prefix}(?=${NAME}\\()`, "g");
}
