import { cut } from "./text.ts";

const CLEAR = "\r\u001B[K";

/** A line of the terminal that is drawn over and over; what else is printed goes above it. */
class LiveLine {
  readonly #stream: NodeJS.WriteStream;
  #line = "";

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  draw(line: string): void {
    this.#line = cut(line, this.#stream.columns);
    this.#stream.write(CLEAR + this.#line);
  }

  clear(): void {
    if (this.#line !== "") this.#stream.write(CLEAR);
    this.#line = "";
  }

  above(write: () => void): void {
    if (this.#line === "") return write();
    this.#stream.write(CLEAR);
    write();
    this.#stream.write(this.#line);
  }
}

/** The program has one, on stderr. */
export const liveLine = new LiveLine(process.stderr);
