import { collect, type Bytes, type ByteStream } from "../base/bytes.ts";
import { DbackedError } from "../base/error.ts";
import { Child, type Program } from "./child.ts";
import { Pump } from "./pump.ts";

/** A program that reads nothing, or a filter between two streams. */
export interface Source extends Program {
  stdin?: ByteStream;
}

export interface Output {
  bytes: ByteStream;
  /** The end of stderr, once the program has ended. Never rejects. */
  stderr: Promise<string>;
}

/**
 * Streams a program's output; ends cleanly only if the program exits with code 0 after all of `stdin` was read.
 * The program starts at once and waits while nobody reads. Cancelling and aborting kill it with all that it started.
 */
export function streamFrom(source: Source, signal: AbortSignal): Output {
  let child: Child;
  try {
    signal.throwIfAborted();
    child = new Child(source, { stdin: source.stdin === undefined ? "ignore" : "pipe", stdout: "pipe" });
  } catch (error) {
    void source.stdin?.cancel(error).catch(() => {});
    return { bytes: failing(error), stderr: Promise.resolve("") };
  }
  const pump = source.stdin === undefined ? null : new Pump(source.stdin, child);
  const killing = child.killOn(signal);
  const bytes = new ReadableStream<Bytes>(
    {
      async pull(controller) {
        const piece = await child.stdout.read();
        signal.throwIfAborted();
        if (piece !== null) return controller.enqueue(piece);
        await finish(child, pump, signal);
        killing[Symbol.dispose]();
        controller.close();
      },
      async cancel() {
        child.kill();
        await child.exited;
        await pump?.cancel();
        killing[Symbol.dispose]();
      },
    },
    { highWaterMark: 0 },
  );
  return { bytes, stderr: child.stderr };
}

/**
 * Feeds a stream to a program and waits until it has exited with code 0. If `body` errors, or on abort, the program and
 * all that it started are killed before its input closes: it never takes the end of half a stream for the end.
 *
 * @returns the end of its stderr.
 * @throws {ProgramFailure} if the program fails; the error of `body`, if that fails.
 */
export async function feed(program: Program, body: ByteStream, signal: AbortSignal): Promise<string> {
  let child: Child;
  try {
    signal.throwIfAborted();
    child = new Child(program, { stdin: "pipe", stdout: "ignore" });
  } catch (error) {
    await body.cancel(error).catch(() => {});
    throw error;
  }
  using _ = child.killOn(signal);
  await finish(child, new Pump(body, child), signal);
  return child.stderr;
}

/**
 * Runs a program whose output is short, and gives its stdout as text.
 *
 * @throws {ProgramFailure} if it fails; {RangeError} if it prints more than `limit` bytes.
 */
export async function readOutput(source: Source, signal: AbortSignal, limit = 1024 * 1024): Promise<string> {
  const { bytes } = streamFrom(source, signal);
  return new TextDecoder().decode(await collect(bytes, limit));
}

/** Waits for the end of the program, and throws the first cause of whatever went wrong. */
async function finish(child: Child, pump: Pump | null, signal: AbortSignal): Promise<void> {
  const fed = await Promise.allSettled([pump?.done()]);
  const failure = await child.settle();
  signal.throwIfAborted();
  if (fed[0].status === "rejected") throw fed[0].reason;
  if (failure !== null) throw failure;
  if (child.stdout.isHeld)
    throw new DbackedError(
      "tool",
      `${child.name} exited, but a program that it started still held its output`,
      { hint: `is ${child.name} a script that starts something in the background?` },
    );
}

function failing(error: unknown): ByteStream {
  return new ReadableStream<Bytes>({ start: (controller) => controller.error(error) });
}
