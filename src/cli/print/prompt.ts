import { DbackedError, Interrupted } from "../../base/error.ts";
import { log } from "../../base/log.ts";
import { Secret } from "../../base/secret.ts";
import { printable, printableLines, wrap } from "./text.ts";

/** One thing to choose. */
export interface Choice<T> {
  value: T;
  label: string;
  hint?: string;
}

/** A question to the person at the terminal. */
export interface Question {
  message: string;
  /** Where there is no terminal: the option or variable that answers, as in `--last-backup`. */
  instead: string;
}

/** What is known of an answer that is typed. */
export interface Typed {
  /** Stands there to be changed. */
  initial?: string | undefined;
  /** Is meant by an empty answer, and shown. */
  fallback?: string | undefined;
  /** Why it cannot be that; undefined if it can. */
  refuse?: (answer: string) => string | undefined;
}

/** Questions go to stderr, since stdout is for data. */
const output = process.stderr;

/**
 * Lets somebody choose one of several things.
 *
 * @throws {DbackedError} `usage`, if nobody can be asked; {Interrupted} if the question is left with Ctrl-C.
 */
export async function choose<T>(
  question: Question,
  choices: readonly Choice<T>[],
  signal: AbortSignal,
): Promise<T> {
  checkTerminal(question);
  const { select } = await import("@clack/prompts");
  const options = choices.map(({ label, hint }, at) => ({
    value: at,
    label: printable(label),
    ...(hint === undefined ? {} : { hint: printable(hint) }),
  }));
  const at = await answered(select({ message: question.message, options, output, signal }), signal);
  const choice = choices[at];
  if (choice === undefined) throw new RangeError(`no choice ${at}`);
  return choice.value;
}

/**
 * Asks for a passphrase without showing it.
 *
 * @throws {DbackedError} `usage`, if nobody can be asked; {Interrupted} if the question is left with Ctrl-C.
 */
export async function askPassphrase(question: Question, signal: AbortSignal): Promise<Secret> {
  checkTerminal(question);
  const { password } = await import("@clack/prompts");
  const { message } = question;
  return new Secret(await answered(password({ message, clearOnError: true, output, signal }), signal));
}

/**
 * Has a line typed. Blanks around it do not count.
 *
 * @throws {DbackedError} `usage`, if nobody can be asked; {Interrupted} if the question is left with Ctrl-C.
 */
export async function askText(
  question: Question,
  { initial, fallback = "", refuse }: Typed,
  signal: AbortSignal,
): Promise<string> {
  checkTerminal(question);
  const { text } = await import("@clack/prompts");
  const meant = (typed = ""): string => typed.trim() || fallback;
  const asked = text({
    message: question.message,
    ...(initial === undefined ? {} : { initialValue: initial }),
    ...(fallback === "" ? {} : { placeholder: printable(fallback), defaultValue: fallback }),
    validate: (typed) => refuse?.(meant(typed)),
    output,
    signal,
  });
  return meant(await answered(asked, signal));
}

/** Says something between questions, in their look; where there is no terminal, as everything else is said. */
export async function tell(state: "step" | "success" | "warn", message: string): Promise<void> {
  if (!process.stderr.isTTY) return log[state === "step" ? "info" : state](message);
  const prompts = await import("@clack/prompts");
  const columns = Math.max(40, (process.stderr.columns ?? 80) - 4);
  const lines = printableLines(message).flatMap((line) => wrap(line, columns));
  prompts.log[state](lines.join("\n"), { output });
}

/**
 * Has `name` typed before something that cannot be undone.
 *
 * @throws {DbackedError} `usage`, if nobody can be asked; {Interrupted} if the question is left with Ctrl-C.
 */
export async function confirmByName(question: Question, name: string, signal: AbortSignal): Promise<void> {
  checkTerminal(question);
  const { text } = await import("@clack/prompts");
  const validate = (typed: string | undefined): string | undefined =>
    typed === name ? undefined : `Type ${printable(name)} to go on, or press Ctrl-C`;
  await answered(text({ message: question.message, validate, output, signal }), signal);
}

/** @throws {DbackedError} `usage`, if nobody can be asked. */
export function checkTerminal({ message, instead }: Question): void {
  if (process.stdin.isTTY && process.stderr.isTTY) return;
  throw new DbackedError("usage", `nobody can be asked here, this is no terminal: ${message}`, {
    hint: `use ${instead}`,
  });
}

/** The answer. A terminal that goes away may leave the question without one: then the signal ends the waiting. */
async function answered<T>(question: Promise<T>, signal: AbortSignal): Promise<Exclude<T, symbol>> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const answer = await Promise.race([question, aborted]);
    signal.throwIfAborted();
    if (typeof answer === "symbol") throw new Interrupted("SIGINT");
    return answer as Exclude<T, symbol>;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
