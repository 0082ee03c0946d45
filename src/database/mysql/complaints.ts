/** How many are kept. */
const MOST = 100;

/** What the programs say although nothing is amiss. */
const IDLE = /Using a password on the command line|unknown (?:variable|option) '(?:--)?loose[-_]|^-- /i;

/** What is wrong, in their words. A warning is no error, whatever else it says. */
const ERROR = /\b(?:error|couldn't|could not|cannot|can't|failed|denied)\b/i;
const WARNING = /\bwarning\b/i;

/** What a dump program or client says on stderr: each line once. */
export class Complaints {
  readonly #warnings = new Set<string>();
  /** The first line that tells of an error: some versions exit with code 0 after it. */
  error: string | null = null;
  readonly #isVerbose: boolean;

  /** @param isVerbose means that most of what is said is no warning. */
  constructor(isVerbose = false) {
    this.#isVerbose = isVerbose;
  }

  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  see(line: string): void {
    // Names in the database may hold anything, and these lines reach a terminal.
    const said = line.replaceAll(/[\p{Cc}\p{Cf}]/gu, "?").trim();
    if (said === "" || (IDLE.test(said) && !WARNING.test(said.slice(0, 12)))) return;
    if (ERROR.test(said) && !WARNING.test(said)) this.error ??= said;
    else if ((!this.#isVerbose || WARNING.test(said)) && this.#warnings.size < MOST) this.#warnings.add(said);
  }
}
