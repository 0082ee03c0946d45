import { DbackedError } from "../base/error.ts";

/** What needs no quotes, neither for systemd nor for a shell. */
const PLAIN = /^[\w@:,./=+-]+$/;

/** Quotes a word for a unit: one of a command, where `$` begins a variable, or a path. `%` begins a specifier in both. */
export function quoteForSystemd(place: "command" | "path", word: string): string {
  const text = requireOneLine(word).replaceAll("%", "%%");
  const literal = place === "command" ? text.replaceAll("$", "$$$$") : text;
  if (PLAIN.test(literal)) return literal;
  return `"${literal.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/**
 * Quotes a word for a crontab's command.
 *
 * @throws {DbackedError} `usage`, if there is a `%` in it: cron takes that for the end of the line, and crons differ in how it is escaped.
 */
export function quoteForCron(word: string): string {
  if (word.includes("%")) throw refuse(word, "a % in a crontab is the end of the line");
  return PLAIN.test(requireOneLine(word)) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** @throws {DbackedError} `usage`, if the text goes over several lines, or has other control characters. */
export function requireOneLine(text: string): string {
  if (/\p{Cc}/u.test(text)) throw refuse(text, "it has control characters");
  return text;
}

function refuse(text: string, why: string): DbackedError {
  return new DbackedError("usage", `${JSON.stringify(text)} cannot stand there: ${why}`);
}
