import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const SCRIPT = join(import.meta.dir, "..", "..", "scripts", "recover", "dbacked-decrypt.py");

/** What a run of the stand-alone decryptor came to. */
export interface Run {
  exitCode: number;
  stderr: string;
  stdout: Buffer;
  /** Content of the output file; null if there is none. */
  output: Buffer | null;
  /** A half-written output file was left behind. */
  hasLeftPart: boolean;
}

/** Runs the stand-alone decryptor; `out` is where it is told to write, `-` for stdout. */
export async function runDecryptor(
  args: readonly string[],
  out: string,
  env: Record<string, string> = {},
): Promise<Run> {
  const child = Bun.spawn(["python3", SCRIPT, ...args, "-o", out], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env["PATH"] ?? "", ...env },
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).arrayBuffer(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const output = existsSync(out) ? readFileSync(out) : null;
  return { exitCode, stderr, stdout: Buffer.from(stdout), output, hasLeftPart: existsSync(`${out}.part`) };
}

/** Does `work` for each item, a few at a time: most of a run is Python's start. */
export async function forEachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const worker = async () => {
    for (const item of rest) await work(item);
  };
  await Promise.all([worker(), worker(), worker()]);
}
