import { descendantsOf } from "./descendants.ts";

/** A process of our own program, and what it is given. */
export interface Order {
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  /** Its whole standard input. */
  input: string;
  /** How long, in ms, it may say nothing at all on stderr before it is killed. */
  silentMs: number;
  /** How long, in ms, it may take to end after SIGTERM. */
  graceMs: number;
  /** Called with every line of its stderr. */
  watch: (line: string) => void;
}

/** How it ended. */
export interface Ending {
  /** Null if a signal ended it. */
  exitCode: number | null;
  /** Why it was killed; null if nobody did. */
  killed: "silent" | "stopped" | null;
  stdout: string;
}

/** How often it is looked at, in ms. */
const LOOK_MS = 1000;

/**
 * Runs a process in a group of its own. When `signal` is aborted it is asked to end, and after the grace it is killed with
 * all that it has started; so it is when nothing was heard of it for too long.
 */
export async function runWorker(order: Order, signal: AbortSignal): Promise<Ending> {
  const child = Bun.spawn([...order.argv], {
    stdio: [new Blob([order.input]), "pipe", "pipe"],
    detached: true,
    env: { ...order.env },
  });
  let killed: Ending["killed"] = null;
  const end = (why: "silent" | "stopped", graceMs: number) => {
    killed ??= why;
    if (why === "stopped") send(-child.pid, "SIGTERM");
    setTimeout(() => killAll(child), graceMs).unref();
  };
  const stop = () => end("stopped", order.graceMs);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const heard = { at: performance.now() };
  const looking = setInterval(() => {
    if (performance.now() - heard.at > order.silentMs) end("silent", 0);
  }, LOOK_MS);
  try {
    const [stdout] = await Promise.all([
      new Response(child.stdout).text(),
      readLines(child.stderr, heard, order.watch),
      child.exited,
    ]);
    return { exitCode: child.exitCode, killed, stdout };
  } finally {
    clearInterval(looking);
    signal.removeEventListener("abort", stop);
  }
}

/** A dump program has a group of its own, which a process that is killed cannot kill any more. */
function killAll(child: Bun.Subprocess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const others = descendantsOf(child.pid);
  for (const pid of [-child.pid, ...others]) send(pid, "SIGKILL");
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // ESRCH: it is gone.
  }
}

async function readLines(
  stream: ReadableStream<Uint8Array>,
  heard: { at: number },
  watch: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of stream) {
    heard.at = performance.now();
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) watch(line);
  }
  if (rest !== "") watch(rest);
}
