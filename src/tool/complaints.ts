import type { Bytes } from "../base/bytes.ts";
import type { Pipe } from "./pipe.ts";

/** Bytes of stderr that are kept: its end. */
const KEPT = 64 * 1024;

/** A line longer than this is given to the watcher in pieces. */
const LONGEST_LINE = 64 * 1024;

/** What a program writes to stderr: read at once, so that the program never waits, and kept up to a bound. */
export class Complaints {
  /** The end of stderr, once the program has ended. */
  readonly text: Promise<string>;

  readonly #pipe: Pipe;
  readonly #watch: ((line: string) => void) | undefined;
  readonly #decoder = new TextDecoder();
  readonly #tail: Bytes[] = [];
  #size = 0;
  #line = "";

  constructor(pipe: Pipe, watch: ((line: string) => void) | undefined) {
    this.#pipe = pipe;
    this.#watch = watch;
    this.text = this.#drain();
  }

  async #drain(): Promise<string> {
    for (;;) {
      const piece = await this.#pipe.read();
      if (piece === null) break;
      this.#keep(piece);
      this.#splitLines(this.#decoder.decode(piece, { stream: true }));
    }
    if (this.#line !== "") this.#watch?.(this.#line);
    return Buffer.concat(this.#tail).subarray(-KEPT).toString().trim();
  }

  #keep(piece: Bytes): void {
    this.#tail.push(piece);
    this.#size += piece.length;
    while (this.#size - (this.#tail[0]?.length ?? 0) >= KEPT) this.#size -= this.#tail.shift()?.length ?? 0;
  }

  #splitLines(text: string): void {
    if (this.#watch === undefined) return;
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop() ?? "";
    if (this.#line.length > LONGEST_LINE) {
      lines.push(this.#line);
      this.#line = "";
    }
    for (const line of lines) this.#watch(line);
  }
}
