/** What sort of failure the user can act on; each kind is an exit code, fixed since the first release. */
export type ErrorKind = keyof typeof EXIT_CODES;

/** Exit code of each kind. 1 is left for bugs of ours. */
const EXIT_CODES = {
  usage: 2,
  config: 3,
  database: 4,
  tool: 5,
  store: 6,
  key: 7,
  damaged: 8,
  busy: 9,
  incomplete: 10,
  target: 11,
  drill: 12,
} as const;

/** No command of this version ends with `drill`. */
const MEANINGS: Readonly<Record<Exclude<ErrorKind, "drill">, string>> = {
  usage: "the command line is wrong, or cannot be followed",
  config: "the config is wrong",
  database: "the database cannot be reached, read or dumped",
  tool: "a program of the database is missing, too old, or has failed",
  store: "the store cannot be reached, read or written",
  key: "a key, a passphrase or a signer is not the right one",
  damaged: "a backup is damaged, cut or forged",
  busy: "another run makes a backup of the database",
  incomplete: "something is missing, or would be missing from the backup",
  target: "the target of a restore cannot take it",
};

const EXIT_BUG = 1;

/** Exit code after a signal: 128 and the signal's number, as shells have it. */
const EXIT_OF_SIGNAL = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Every exit code, and in a few words what it means. */
export function listExitCodes(): [code: number, meaning: string][] {
  const kinds = Object.entries(MEANINGS).map(([kind, meaning]): [number, string] => [
    EXIT_CODES[kind as ErrorKind],
    meaning,
  ]);
  const signals = Object.entries(EXIT_OF_SIGNAL).map(([name, code]): [number, string] => [
    code,
    `stopped by ${name}`,
  ]);
  return [[0, "all is well"], [EXIT_BUG, "a bug of dbacked's own"], ...kinds, ...signals];
}

interface ErrorDetail {
  /** What to do about it: a command, or a question that leads there. */
  hint?: string | undefined;
  cause?: unknown;
}

/**
 * A failure that the user can act on. The message says what failed, on what, and why; the hint says what to do.
 * Any other error is a bug.
 */
export class DbackedError extends Error {
  override readonly name = "DbackedError";
  readonly kind: ErrorKind;
  readonly hint: string | undefined;

  constructor(kind: ErrorKind, message: string, detail: ErrorDetail = {}) {
    super(message, { cause: detail.cause });
    this.kind = kind;
    this.hint = detail.hint;
  }
}

/** The reason of an abort that a signal to our own process caused. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly signal: keyof typeof EXIT_OF_SIGNAL;

  constructor(signal: keyof typeof EXIT_OF_SIGNAL) {
    super(`stopped by ${signal}`);
    this.signal = signal;
  }
}

/** Says with which code the process exits because of `error`. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof DbackedError) return EXIT_CODES[error.kind];
  if (error instanceof Interrupted) return EXIT_OF_SIGNAL[error.signal];
  return EXIT_BUG;
}

/** The kind of any thrown value, as it is written down. */
export function kindOf(error: unknown): ErrorKind | "interrupted" | "bug" {
  if (error instanceof DbackedError) return error.kind;
  return error instanceof Interrupted ? "interrupted" : "bug";
}

/** The exit code of a kind that was written down; of what is no kind, that of a bug. */
export function exitCodeOfKind(kind: string): number {
  return Object.entries(EXIT_CODES).find(([known]) => known === kind)?.[1] ?? EXIT_BUG;
}

/** The words of any thrown value, for use inside a message. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
