import { DbackedError } from "../base/error.ts";

/** Collects what is wrong with a configuration, so that all of it is said at once. */
export class Mistakes {
  readonly #messages: string[] = [];
  readonly #hints = new Set<string>();

  /** `place` is where to look: `/etc/dbacked/config.toml:3: port`, or a variable, or an option. */
  add(place: string, message: string, hint?: string): void {
    this.#messages.push(`${place}: ${message}`);
    if (hint !== undefined) this.#hints.add(hint);
  }

  /** @throws {DbackedError} `config`, one line for each mistake: in the order of the file, then what has no line. */
  throwIfAny(): void {
    if (this.#messages.length === 0) return;
    const hint = this.#hints.size === 0 ? undefined : [...this.#hints].join("\n");
    throw new DbackedError("config", [...new Set(this.#messages)].toSorted(byLine).join("\n"), { hint });
  }
}

const LINE = /^[^\n]*?\.(?:toml|json):(?<line>\d+): /;

function byLine(one: string, other: string): number {
  const [a, b] = [lineOf(one), lineOf(other)];
  return a === b ? 0 : a - b;
}

function lineOf(message: string): number {
  return Number(LINE.exec(message)?.groups?.["line"] ?? Infinity);
}
