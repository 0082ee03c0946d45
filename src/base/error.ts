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

const EXIT_BUG = 1;

/** Exit code after a signal: 128 and the signal's number, as shells have it. */
const EXIT_OF_SIGNAL = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

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

/** The words of any thrown value, for use inside a message. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
