import { readFileSync } from "node:fs";

/** How one run of a command went. */
export interface Measured {
  ms: number;
  /** Largest resident set of the command itself, without its children. */
  peakBytes: number;
  /** It was stopped before its end. */
  isCut: boolean;
}

/**
 * Runs a command to its end, or until `limitMs` have passed.
 *
 * @throws {Error} if it fails: a failure must not look fast.
 */
export async function measureCommand(command: readonly string[], limitMs?: number): Promise<Measured> {
  const startedAt = performance.now();
  const child = Bun.spawn([...command], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "inherit",
    // No settings of whoever measures: a proxy or an AWS variable would change what is compared.
    env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", LC_ALL: "C.UTF-8" },
  });
  let peakBytes = 0;
  const sampling = setInterval(() => {
    peakBytes = Math.max(peakBytes, peakOf(child.pid));
  }, 50);
  let isCut = false;
  const stop = () => {
    isCut = true;
    child.kill("SIGTERM");
  };
  const stopping = limitMs === undefined ? undefined : setTimeout(stop, limitMs);
  await child.exited;
  clearInterval(sampling);
  clearTimeout(stopping);
  const ms = performance.now() - startedAt;
  if (child.exitCode !== 0 && !isCut) throw new Error(`${command.join(" ")} failed`);
  return { ms, peakBytes, isCut };
}

/** The kernel's own record of the peak; 0 when the process is gone. */
function peakOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
