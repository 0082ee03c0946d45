import type { ByteStream } from "../base/bytes.ts";
import { DbackedError } from "../base/error.ts";
import type { DumpKind, Tool } from "./database.ts";

/** A dump that is not what its engine's program writes, although it is what was sealed. */
export class BrokenDump extends DbackedError {
  constructor(why: string, cause?: unknown) {
    super("damaged", `The dump is not whole: ${why}`, {
      hint: "it is what was sealed, so the dump itself went wrong: restore another backup",
      cause,
    });
  }
}

/** What a dump is read with. */
export interface DumpReading {
  /** The program that wrote it. */
  tool: Tool;
  /** Where the engine's programs are; undefined for the usual places. */
  databaseToolsDirectory: string | undefined;
  /** Where a dump lies while it is read, in a file for its owner alone, if its engine reads nothing but files. */
  spoolDirectory: string;
}

type Reader = (body: ByteStream, reading: DumpReading, signal: AbortSignal) => Promise<string>;

const READERS: Record<DumpKind, Reader> = {
  "pg-custom": async (...args) => (await import("./postgres/whole.ts")).readArchive(...args),
  "pg-globals": async (body) => (await import("./postgres/globals-whole.ts")).readGlobals(body),
  sql: async (body) => (await import("./mysql/whole.ts")).readScript(body),
  "sql-accounts": async (body) => (await import("./mysql/whole.ts")).readScript(body),
  "mongo-archive": async (body) => (await import("./mongodb/whole.ts")).readArchive(body),
  sqlite: async (...args) => (await import("./sqlite/whole.ts")).readDatabase(...args),
};

/** Says whether dumps of this kind can be read here. */
export function isReadable(kind: string): kind is DumpKind {
  return Object.hasOwn(READERS, kind);
}

/**
 * Reads a dump to its end as its engine would, without a database to restore it into. It ends well only after `body` has,
 * and only if the dump is whole.
 *
 * @returns by what it was read, for people.
 * @throws {BrokenDump} if it is not whole; {DbackedError} `tool`, if the program is not there; the error of `body`, if that fails.
 */
export async function readWhole(
  body: ByteStream,
  { kind, ...reading }: DumpReading & { kind: DumpKind },
  signal: AbortSignal,
): Promise<string> {
  try {
    return await READERS[kind](body, reading, signal);
  } catch (error) {
    if (!body.locked) await body.cancel(error).catch(() => {});
    throw error;
  }
}
