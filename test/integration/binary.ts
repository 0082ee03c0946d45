import { dirname, join } from "node:path";
import { compile } from "../../scripts/compile.ts";
import { type Service, temporaryFolder } from "../../scripts/services/service.ts";
import { type Bytes, concat } from "../../src/base/bytes.ts";
import { shared } from "../services.ts";

interface Binary extends Service {
  path: string;
}

/** The compiled program, made once for the whole test run. */
export const binary: () => Promise<Binary> = shared("binary", async () => {
  const folder = await temporaryFolder("binary");
  const path = join(folder.path, "dbacked");
  await compile(path);
  const stop = async () => folder[Symbol.asyncDispose]();
  return { path, stop, [Symbol.asyncDispose]: stop };
});

/** How the program is run. */
export interface RunOptions {
  /** @default the current folder */
  cwd?: string;
  /** All that it sees besides PATH, LC_ALL and XDG_STATE_HOME: nothing is inherited. */
  env?: Readonly<Record<string, string>>;
  /** @default nothing */
  stdin?: Bytes | Bun.BunFile | ReadableStream<Bytes>;
  /** A file that stdout goes to, as with `>`. @default a pipe */
  stdoutTo?: string;
  /** Words before it, as in `["prlimit", "--fsize=1000000"]`. */
  prefix?: readonly string[];
}

/** What a run came to. */
export interface Finished {
  /** 128 and the signal's number, if a signal ended it. */
  exitCode: number;
  stdout: string;
  stderr: string;
  /** Stdout as it was. */
  output: Bytes;
}

/** A run that is still going. */
export interface Running {
  pid: number;
  kill(signal: NodeJS.Signals): void;
  /** What it has printed to stderr so far. */
  said(): string;
  finished: Promise<Finished>;
}

/** Runs the compiled program to its end. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return await (
    await start(args, options)
  ).finished;
}

/** Starts the compiled program. */
export async function start(args: readonly string[], options: RunOptions = {}): Promise<Running> {
  const { path } = await binary();
  const { stdin, stdoutTo, prefix = [], cwd, env } = options;
  const child = Bun.spawn([...prefix, path, ...args], {
    stdin: stdin ?? "ignore",
    stdout: stdoutTo === undefined ? "pipe" : Bun.file(stdoutTo),
    stderr: "pipe",
    env: {
      PATH: process.env["PATH"] ?? "",
      LC_ALL: "C.UTF-8",
      // Nothing is to be remembered on the host that the tests run on.
      XDG_STATE_HOME: join(dirname(path), "state"),
      ...env,
    },
    ...(cwd === undefined ? {} : { cwd }),
  });
  const output = readAll(child.stdout);
  let said = "";
  const complaint = readAll(child.stderr, (text) => (said += text));
  const finish = async (): Promise<Finished> => {
    const [bytes, stderr, exitCode] = await Promise.all([output, complaint, child.exited]);
    return { exitCode, stdout: decode(bytes), stderr: decode(stderr), output: bytes };
  };
  return {
    pid: child.pid,
    kill: (signal) => child.kill(signal),
    said: () => said,
    finished: finish(),
  };
}

async function readAll(
  stream: ReadableStream<Bytes> | number | undefined,
  see?: (text: string) => void,
): Promise<Bytes> {
  if (!(stream instanceof ReadableStream)) return concat();
  if (see === undefined) return new Uint8Array(await new Response(stream).arrayBuffer());
  const pieces: Bytes[] = [];
  const decoder = new TextDecoder();
  for await (const piece of stream) {
    pieces.push(piece);
    see(decoder.decode(piece, { stream: true }));
  }
  return concat(...pieces);
}

function decode(bytes: Bytes): string {
  return new TextDecoder().decode(bytes);
}
