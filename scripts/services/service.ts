import { closeSync, openSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A server that was started for tests or the benchmark, in a folder of its own. */
export interface Service extends AsyncDisposable {
  /** Stops the server and removes its folder. Stopping twice is no error. */
  stop(): Promise<void>;
}

/**
 * A port on the loopback address that nobody listens on now. Never the same twice within one process, nor in two that were
 * started together, and none that the kernel may give to a connection before somebody listens on it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + ((process.pid * APART + given) % PORTS);
    given += 1;
    if (await isFree(port)) return port;
  }
}

/** Linux gives the ports from 32,768 on to connections. */
const FIRST_PORT = 10_240;
const PORTS = 22_500;
/** How far those of neighbouring processes begin from each other. */
const APART = 9973;

let given = 0;

function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once("error", () => resolve(false));
  server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  return promise;
}

/** A new folder under the system's temporary one, removed with all its content on dispose. */
export async function temporaryFolder(name: string): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), `dbacked-${name}-`));
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 5 });
  return { path, [Symbol.asyncDispose]: remove };
}

export interface TemporaryFolder extends AsyncDisposable {
  path: string;
}

interface Wait {
  /** What is waited for, for the message: `PostgreSQL to accept connections`. */
  what: string;
  /** @default 30,000 */
  timeoutMs?: number;
}

/**
 * Asks `isTrue` again and again until it says yes. An error that it throws ends the wait.
 *
 * @throws {Error} if it has not said yes after `timeoutMs`.
 */
export async function waitUntil(isTrue: () => Promise<boolean> | boolean, wait: Wait): Promise<void> {
  const end = performance.now() + (wait.timeoutMs ?? 30_000);
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`waited in vain for ${wait.what}`);
    await Bun.sleep(20);
  }
}

/** A program that runs beside us; what it prints goes to a file. */
export interface Daemon {
  pid: number;
  isRunning(): boolean;
  /** Everything it printed so far. */
  readLog(): Promise<string>;
  /** Sends `signal`, waits for the end, and kills it after ten seconds. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

interface DaemonOptions {
  logFile: string;
  env?: Record<string, string>;
  cwd?: string;
}

/** Starts a program that stays. */
export function startDaemon(argv: readonly string[], options: DaemonOptions): Daemon {
  const file = openSync(options.logFile, "a", 0o600);
  const child = Bun.spawn([...argv], {
    stdin: "ignore",
    stdout: file,
    stderr: file,
    env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C.UTF-8", ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  closeSync(file);
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
    if (isRunning()) child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await child.exited;
    clearTimeout(timer);
  };
  return { pid: child.pid, isRunning, readLog: () => Bun.file(options.logFile).text(), stop };
}

/**
 * Runs a program to its end and gives what it printed to stdout.
 *
 * @throws {Error} with its stderr, if it fails.
 */
export async function runProgram(argv: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const child = Bun.spawn([...argv], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C.UTF-8", ...env },
  });
  const [output, complaint] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (child.exitCode !== 0) throw new Error(`${argv.join(" ")} failed: ${complaint.trim()}`);
  return output;
}

/**
 * Where a program is: in `folders` first, then on PATH.
 *
 * @throws {Error} naming the Debian package that holds it.
 */
export function requireProgram(name: string, debianPackage: string, folders: readonly string[] = []): string {
  const path = [...folders, process.env["PATH"] ?? ""].join(":");
  const found = Bun.which(name, { PATH: path });
  if (found === null) throw new Error(`${name} is missing: apt-get install ${debianPackage}`);
  return found;
}
