/** A statement and the values of its parameters. */
export type Statement = readonly [sql: string, ...values: (string | number)[]];

type Row = Readonly<Record<string, unknown>>;

/** SQLite refused. */
export class SqliteFailure extends Error {
  /** SQLite's own name for it: `SQLITE_BUSY`. */
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/**
 * What runs on the thread. It answers only when the file is closed, so that no lock outlives the answer. It is text, not a
 * file, so that it is in every build without being listed as an entry point of its own.
 */
const PROGRAM = `
import { Database } from "bun:sqlite";
self.onmessage = ({ data }) => postMessage(answer(data));
function answer({ path, flags, timeoutMs, statements }) {
  try {
    using db = new Database(path, flags);
    db.run("PRAGMA busy_timeout = " + timeoutMs);
    db.run("PRAGMA temp_store = MEMORY");
    return { rows: statements.map(([sql, ...values]) => db.query(sql).all(...values)) };
  } catch (error) {
    return { message: String(error.message), code: String(error.code) };
  }
}
`;

type Reply = { rows: Row[][] } | { message: string; code: string };

interface Access {
  /** `readwrite` may change the file, but never creates it. */
  mode: "readonly" | "readwrite";
  /** How long to wait for others' locks, in ms. */
  timeoutMs: number;
}

/**
 * Runs statements on a database file, on a thread of their own: a large file keeps SQLite busy for minutes, while
 * signals and progress go on here. Nothing but SQLite ever opens the file: to close any other descriptor of it would
 * drop SQLite's locks, and a writer could then commit inside of our snapshot.
 *
 * @returns the rows of each statement.
 * @throws {SqliteFailure}
 */
export async function runStatements(
  path: string,
  access: Access,
  statements: readonly Statement[],
  signal: AbortSignal,
): Promise<Row[][]> {
  signal.throwIfAborted();
  const program = URL.createObjectURL(new Blob([PROGRAM], { type: "text/javascript" }));
  const worker = new Worker(program);
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  worker.addEventListener("message", ({ data }: MessageEvent<Reply>) => resolve(data));
  worker.addEventListener("error", ({ message }) => reject(new Error(message)));
  const flags = access.mode === "readonly" ? { readonly: true } : { readwrite: true, create: false };
  worker.postMessage({ path, flags, timeoutMs: access.timeoutMs, statements }, []);
  try {
    const reply = await promise;
    if ("rows" in reply) return reply.rows;
    throw new SqliteFailure(reply.message, reply.code);
  } finally {
    signal.removeEventListener("abort", abort);
    worker.terminate();
    URL.revokeObjectURL(program);
  }
}
