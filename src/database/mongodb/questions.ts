import type { MongoClient } from "mongodb";
import { explainDisk } from "../disk.ts";
import type { Connection } from "./connection.ts";
import { explainFailure } from "./failure.ts";

/** The server's code for "not authorized". */
const UNAUTHORIZED = 13;

/** How long a server may take to answer, in ms: to drop a large database takes its time. */
const ANSWER_MS = 300_000;

const UNREADABLE = "are the files that `tls` names there, and may dbacked read them?";

/**
 * Connects to a server, and lets `ask` ask it.
 *
 * @throws {DbackedError} `database`, if it cannot be reached or does not answer.
 */
export async function connect<Answer>(
  connection: Connection,
  ask: (client: MongoClient) => Promise<Answer>,
  signal: AbortSignal,
): Promise<Answer> {
  // A large library, which nobody needs who has no MongoDB.
  const { MongoClient } = await import("mongodb");
  signal.throwIfAborted();
  let client: MongoClient | null = null;
  const close = () => void client?.close().catch(() => {});
  signal.addEventListener("abort", close, { once: true });
  try {
    client = new MongoClient(connection.uri.reveal(), {
      appName: "dbacked",
      maxPoolSize: 2,
      socketTimeoutMS: ANSWER_MS,
    });
    await client.connect();
    return await ask(client);
  } catch (error) {
    signal.throwIfAborted();
    const what = `Cannot ask ${connection.label}`;
    throw isAboutFile(error) ? explainDisk(error, "config", what, UNREADABLE) : explainFailure(error, what);
  } finally {
    signal.removeEventListener("abort", close);
    await client?.close().catch(() => {});
  }
}

/** What `ask` gives; null if the user has no right to ask it. */
export async function ifAuthorized<Answer>(ask: Promise<Answer>): Promise<Answer | null> {
  try {
    return await ask;
  } catch (error) {
    if (isUnauthorized(error)) return null;
    throw error;
  }
}

/** The DNS has system calls of its own. */
function isAboutFile(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && ["open", "read"].includes(String(error.syscall));
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === UNAUTHORIZED;
}
