import { join } from "node:path";
import type { Tally } from "./counting/ledger.ts";
import type { S3Server } from "./s3-server.ts";
import { startDaemon, temporaryFolder, waitUntil } from "./service.ts";

interface CountingOptions {
  /** What it takes in a second. @default any speed */
  bytesPerSecond?: number;
  /** Whether what came can be read again. @default true */
  keeps?: boolean;
}

/** An S3 server that counts. */
export interface CountingStore extends S3Server {
  readonly pid: number;
  /** What it has taken so far. */
  tally(): Promise<Tally>;
}

/**
 * Starts an S3 server in a process of its own, which takes parts no faster than told, verifies every digest, and may forget
 * the bytes: what is larger than any disk can be stored in it. Every bucket is there, and all are the same one.
 */
export async function startCountingStore({
  bytesPerSecond = 0,
  keeps = true,
}: CountingOptions = {}): Promise<CountingStore> {
  const folder = await temporaryFolder("counting");
  const main = join(import.meta.dir, "counting", "main.ts");
  const place = keeps ? [folder.path] : [];
  const daemon = startDaemon([process.execPath, main, String(bytesPerSecond), ...place], {
    logFile: join(folder.path, "log"),
    cwd: folder.path,
  });
  const stop = async () => {
    await daemon.stop("SIGKILL");
    await folder[Symbol.asyncDispose]();
  };
  try {
    await waitUntil(
      async () => {
        if (!daemon.isRunning()) throw new Error(`the counting store ended: ${await daemon.readLog()}`);
        return (await daemon.readLog()).includes("\n");
      },
      { what: "the counting store" },
    );
  } catch (error) {
    await stop();
    throw error;
  }
  const endpoint = `http://127.0.0.1:${Number.parseInt(await daemon.readLog(), 10)}`;
  return {
    endpoint,
    accessKeyId: "AKCOUNTING",
    secretAccessKey: "secret-of-counting",
    pid: daemon.pid,
    tally: async () => (await (await fetch(`${endpoint}/?tally`)).json()) as Tally,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
