import { readFile, readlink } from "node:fs/promises";
import type { ProcessMark } from "../catalog/lease-note.ts";

/** Where in /proc/PID/stat, behind the name, the time of the start is. @see proc(5) */
const START_TIME = 19;

/** Marks this process; null where the system does not tell enough. */
export async function markProcess(): Promise<ProcessMark | null> {
  const [host, startedAt] = await Promise.all([markHost(), startOf(process.pid)]);
  return host === null || startedAt === null ? null : { host, pid: process.pid, startedAt };
}

/** Whether a process of this very host, since it was started, is gone. Of others nobody knows. */
export async function isGone(mark: ProcessMark): Promise<boolean> {
  if ((await markHost()) !== mark.host) return false;
  return (await startOf(mark.pid)) !== mark.startedAt;
}

/** Processes are counted anew by each start of the system, and in each container. */
async function markHost(): Promise<string | null> {
  try {
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    const names = await readlink("/proc/self/ns/pid");
    return new Bun.CryptoHasher("sha256").update(`${boot.trim()}\n${names}`).digest("hex");
  } catch {
    return null;
  }
}

async function startOf(pid: number): Promise<string | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "utf8");
    const [state, ...fields] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    // A zombie does nothing any more.
    return state === "Z" ? null : (fields[START_TIME - 1] ?? null);
  } catch {
    return null;
  }
}
