/** How many are kept. */
const MOST = 100;

/** A warning, and what pg_dump and the server add to one. */
const WARNING = /\b(?:warning|detail|hint): /i;

/** What PostgreSQL's programs say on stderr although they go on: each line once. */
export class Warnings {
  readonly #lines = new Set<string>();
  readonly #isVerbose: boolean;

  /** @param isVerbose means that most of what is said is no warning. */
  constructor(isVerbose: boolean) {
    this.#isVerbose = isVerbose;
  }

  get lines(): readonly string[] {
    return [...this.#lines];
  }

  see(line: string): void {
    if (this.#lines.size >= MOST || (this.#isVerbose && !WARNING.test(line))) return;
    const said = line
      .replace(/^psql:<stdin>:\d+: /, "")
      // Names in the database may hold anything, and these lines reach a terminal.
      .replaceAll(/[\p{Cc}\p{Cf}]/gu, "?")
      .trim();
    if (said !== "") this.#lines.add(said);
  }
}
