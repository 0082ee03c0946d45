import { DbackedError, kindOf, reasonOf } from "../../base/error.ts";
import type { LogForm } from "../../base/log.ts";
import { printJson, printJsonLine } from "./json.ts";
import { printableLines } from "./text.ts";

/** How an error is shown. */
export interface ErrorLook {
  form: LogForm;
  /** Whose error it is, if several may fail. */
  about?: string;
  /** Shows what caused it too. */
  verbose: boolean;
}

/** The lines for stderr: what failed, and what to do about it. Only a bug of ours comes with its stack. */
export function printError(error: unknown, look: ErrorLook): string {
  if (look.form === "json") return errorLine(error, look);
  const lines = printableLines(messageOf(error, look)).map((line) => `${label("error", look)}${line}`);
  const hint = hintOf(error);
  if (hint !== null) lines.push(...printableLines(hint).map((line) => `${label("hint", look)}${line}`));
  if (isBug(error)) lines.push(...stackOf(error));
  else if (look.verbose) lines.push(...causesOf(error));
  return lines.join("\n");
}

/** The one JSON document that a failed command prints on stdout. */
export function printErrorJson(error: unknown): string {
  return printJson({ error: { kind: kindOf(error), message: messageOf(error), hint: hintOf(error) } });
}

/** Among lines of JSON on stderr, an error is one too. */
function errorLine(error: unknown, look: ErrorLook): string {
  const [time, level] = [new Date().toISOString(), "error"];
  const message = messageOf(error, look);
  const stack = isBug(error) ? { stack: stackOf(error) } : {};
  return printJsonLine({ time, level, message, kind: kindOf(error), hint: hintOf(error), ...stack });
}

function messageOf(error: unknown, { about }: Partial<ErrorLook> = {}): string {
  const message = isBug(error) ? `this is a bug in dbacked: ${reasonOf(error)}` : reasonOf(error);
  return about === undefined ? message : `${about}: ${message}`;
}

function hintOf(error: unknown): string | null {
  return error instanceof DbackedError ? (error.hint ?? null) : null;
}

function isBug(error: unknown): boolean {
  return kindOf(error) === "bug";
}

function stackOf(error: unknown): string[] {
  return error instanceof Error ? printableLines(error.stack ?? "") : [];
}

function causesOf(error: unknown): string[] {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause === undefined) return [];
  return [...printableLines(`dbacked: cause: ${reasonOf(cause)}`), ...causesOf(cause)];
}

function label(word: "error" | "hint", { form }: ErrorLook): string {
  if (form !== "colour") return `dbacked: ${word}: `;
  return `\u001B[${word === "error" ? 31 : 36}mdbacked: ${word}:\u001B[39m `;
}
