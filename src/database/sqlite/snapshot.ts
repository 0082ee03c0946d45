import { randomBytes } from "node:crypto";
import { constants, type FileHandle } from "node:fs/promises";
import { open, readdir, rm, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Bytes, ByteStream } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";
import { printBytes } from "../../base/units.ts";
import { readFile } from "./file.ts";

/** Bytes that are read at once. */
const PIECE = 1024 * 1024;

/** A copy of a database at one moment. */
export interface Snapshot {
  bytes: ByteStream;
  sqliteVersion: string;
  tables: number;
}

/**
 * Copies a database that may be in use, and gives the copy as a stream. The copy lies beside the database, or in
 * `directory`, readable by nobody else; as soon as it is whole its name is removed, so that it is gone when we are.
 */
export async function takeSnapshot(
  path: string,
  directory: string | undefined,
  signal: AbortSignal,
): Promise<Snapshot> {
  const folder = directory ?? dirname(path);
  await removeLeftovers(path, folder);
  await refuseFullDisk(path, folder, signal);
  const copy = join(folder, `${prefixOf(path)}${process.pid}-${randomBytes(4).toString("hex")}`);
  try {
    // SQLite writes into an empty file; one that it made itself could be read by others.
    const created = await open(copy, "wx", 0o600);
    await created.close();
    const [[{ version } = {}] = []] = await readFile(
      path,
      [["SELECT sqlite_version() AS version"], ["VACUUM INTO ?", copy]],
      signal,
    );
    const [[{ tables } = {}] = []] = await readFile(copy, [[COUNT_TABLES]], signal);
    const handle = await open(copy, constants.O_RDONLY);
    return { bytes: streamOf(handle, signal), sqliteVersion: String(version), tables: Number(tables) };
  } finally {
    await rm(copy, { force: true });
  }
}

const COUNT_TABLES = `SELECT count(*) AS tables FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`;

function prefixOf(path: string): string {
  return `.${basename(path)}.dbacked-`;
}

/** Removes copies whose process died before it could. */
async function removeLeftovers(path: string, folder: string): Promise<void> {
  const prefix = prefixOf(path);
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = /^(\d+)-[0-9a-f]{8}$/.exec(name.startsWith(prefix) ? name.slice(prefix.length) : "")?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(folder, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

async function refuseFullDisk(path: string, folder: string, signal: AbortSignal): Promise<void> {
  const [[{ bytes } = {}] = []] = await readFile(
    path,
    [["SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size"]],
    signal,
  );
  const needed = Number(bytes);
  const disk = await statfs(folder).catch((cause: unknown) => {
    throw new DbackedError("database", `Cannot write a snapshot of ${path} into ${folder}`, { cause });
  });
  const free = disk.bavail * disk.bsize;
  if (needed <= free) return;
  throw new DbackedError(
    "database",
    `There is no room for a snapshot of ${path} in ${folder}: it needs ${printBytes(needed)}, ${printBytes(free)} are free`,
    {
      hint: "set snapshotDirectory to a folder on another disk",
    },
  );
}

function streamOf(handle: FileHandle, signal: AbortSignal): ByteStream {
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        try {
          signal.throwIfAborted();
          const piece = new Uint8Array(PIECE);
          const { bytesRead } = await handle.read(piece, 0, PIECE);
          if (bytesRead > 0) return controller.enqueue(piece.subarray(0, bytesRead));
        } catch (error) {
          await handle.close();
          throw error;
        }
        await handle.close();
        controller.close();
      },
      cancel: () => handle.close(),
    },
    { highWaterMark: 0 },
  );
}
