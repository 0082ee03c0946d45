import { readFileSync } from "node:fs";

/** How one run of a command went. */
export interface Measured {
  ms: number;
  /** Largest resident set of the command itself, without its children. */
  peakBytes: number;
}

/**
 * Runs a command to its end.
 *
 * @throws {Error} if it fails: a failure must not look fast.
 */
export async function measureCommand(command: readonly string[]): Promise<Measured> {
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
  await child.exited;
  clearInterval(sampling);
  const ms = performance.now() - startedAt;
  if (child.exitCode !== 0) throw new Error(`${command.join(" ")} failed`);
  return { ms, peakBytes };
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
