import { randomBytes } from "node:crypto";
import { closeSync, openSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bytes } from "../base/bytes.ts";
import { DbackedError, reasonOf } from "../base/error.ts";
import { isAlive } from "./alive.ts";
import { cleanEnvironment } from "./environment.ts";
import { Pipe } from "./pipe.ts";
import { Complaints } from "./complaints.ts";

/** What is run, and with what. */
export interface Program {
  /** The program and its arguments; never a secret, since everybody on the host can read them. */
  argv: readonly string[];
  /** Added to the clean environment; secrets may stand here. */
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** A text that only the program can read, at {@link SECRET_FILE}; secrets may stand here. */
  secretFile?: string;
  /** Called with every line of stderr as it comes: stderr itself is kept only up to a bound. */
  watch?: (line: string) => void;
}

interface HowItFailed {
  program: string;
  exitCode: number | null;
  stderr: string;
  hint?: string;
  cause?: unknown;
}

/** A program that could not be started, exited with another code than 0, or was killed. */
export class ProgramFailure extends DbackedError {
  /** Its name without the folder: `pg_dump`. */
  readonly program: string;
  /** Null if it was killed or never ran. */
  readonly exitCode: number | null;
  /** The end of what it wrote to stderr. */
  readonly stderr: string;

  constructor(message: string, how: HowItFailed) {
    super("tool", message, how);
    this.program = how.program;
    this.exitCode = how.exitCode;
    this.stderr = how.stderr;
  }
}

/** Where a program finds its `secretFile`. */
export const SECRET_FILE = "/dev/fd/3";

/** How many characters of stderr an error message shows. */
const SHOWN_STDERR = 2000;

/** Which ends of the program are ours; stderr always is. */
interface Ends {
  stdin: "pipe" | "ignore";
  stdout: "pipe" | "ignore";
}

/** A running program in a process group of its own, so that what it starts can be killed with it. */
export class Child {
  readonly name: string;
  readonly stdout: Pipe;
  /** Settles when the program has ended, whatever the reason. */
  readonly exited: Promise<unknown>;
  /** The end of what it wrote to stderr, once it has ended. */
  readonly stderr: Promise<string>;
  readonly #process: Bun.Subprocess<Ends["stdin"], Ends["stdout"], "pipe">;

  constructor(program: Program, ends: Ends) {
    this.name = nameOf(program);
    this.#process = spawn(program, ends);
    this.exited = this.#process.exited;
    this.stdout = new Pipe(this.#process.stdout, this.exited);
    this.stderr = new Complaints(new Pipe(this.#process.stderr, this.exited), program.watch).text;
    // What it left behind may still write good output, but only if it went well itself; it must not read on in any case.
    void this.exited.then(() => {
      if (ends.stdout === "ignore" || !this.hasExitedWell) this.kill();
    });
  }

  get hasExited(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  get hasExitedWell(): boolean {
    return this.#process.exitCode === 0;
  }

  /** Kills the program and all that it started and left in its group. */
  kill(): void {
    const { pid } = this.#process;
    // After the exit, a process of this number is another's: a number is not given again while its group has members.
    if (this.hasExited && isAlive(pid)) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // ESRCH: nobody is left.
    }
  }

  /** Kills the group when `signal` aborts, until disposed. */
  killOn(signal: AbortSignal): Disposable {
    const kill = () => this.kill();
    signal.addEventListener("abort", kill, { once: true });
    if (signal.aborted) kill();
    return { [Symbol.dispose]: () => signal.removeEventListener("abort", kill) };
  }

  /** Writes to stdin, and waits while the program does not read. Rejects with EPIPE if it never will. */
  async write(bytes: Bytes): Promise<void> {
    const written = this.#process.stdin?.write(bytes);
    if (typeof written !== "number") await written;
  }

  async closeStdin(): Promise<void> {
    await this.#process.stdin?.end();
  }

  /** Waits until the program has ended. Null if it exited with code 0; else why it failed. */
  async settle(): Promise<ProgramFailure | null> {
    await this.exited;
    this.kill();
    const stderr = await this.stderr;
    const { exitCode, signalCode } = this.#process;
    if (exitCode === 0) return null;
    const said = stderr === "" ? "" : `: ${stderr.slice(-SHOWN_STDERR)}`;
    const how = { program: this.name, exitCode, stderr };
    if (exitCode !== null)
      return new ProgramFailure(`${this.name} failed with exit code ${exitCode}${said}`, how);
    const message = `${this.name} was killed by ${signalCode ?? "a signal"}${said}`;
    const hint = signalCode === "SIGKILL" ? { hint: "was the host out of memory? `dmesg` would say so" } : {};
    return new ProgramFailure(message, { ...how, ...hint });
  }
}

function spawn(program: Program, ends: Ends): Bun.Subprocess<Ends["stdin"], Ends["stdout"], "pipe"> {
  let secretFile: number | null = null;
  try {
    secretFile = program.secretFile === undefined ? null : writeNameless(program.secretFile);
    return Bun.spawn([...program.argv], {
      stdio: [ends.stdin, ends.stdout, "pipe", ...(secretFile === null ? [] : [secretFile])],
      // Without `lazy`, Bun reads ahead without bound.
      lazy: true,
      detached: true,
      env: { ...cleanEnvironment(), ...program.env },
      ...(program.cwd === undefined ? {} : { cwd: program.cwd }),
    });
  } catch (cause) {
    const message = `cannot start ${program.argv[0]}: ${reasonOf(cause)}`;
    throw new ProgramFailure(message, { program: nameOf(program), exitCode: null, stderr: "", cause });
  } finally {
    if (secretFile !== null) closeSync(secretFile);
  }
}

/** Opens a file with that text which has no name any more: nothing is left of it, even if we are killed. */
function writeNameless(text: string): number {
  const path = join(tmpdir(), `dbacked-${randomBytes(16).toString("hex")}`);
  const file = openSync(path, "wx+", 0o600);
  try {
    unlinkSync(path);
    // By position, since some systems let the program go on reading where we stopped writing.
    writeSync(file, text, 0);
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function nameOf({ argv: [path = ""] }: Program): string {
  return path.split("/").at(-1) ?? path;
}
