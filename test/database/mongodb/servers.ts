import { test } from "bun:test";
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Document } from "mongodb";
import type { Mongodb as Server } from "../../../scripts/services/mongodb.ts";
import { collect, type Bytes } from "../../../src/base/bytes.ts";
import type { Database, RestorePlan } from "../../../src/database/database.ts";
import { Mongodb } from "../../../src/database/mongodb.ts";
import { mongodbOptions } from "../../../src/database/mongodb/options.ts";
import { PLAINEST } from "../plainest.ts";

/** MongoDB's tools are in no package of Debian's: what needs them is skipped where they are not. */
export const testWithTools = test.skipIf(
  Bun.which("mongodump") === null || Bun.which("mongorestore") === null,
);

export const signal = new AbortController().signal;

export function open(options: object): Mongodb {
  return new Mongodb(mongodbOptions.parse(options));
}

let names = 0;

/** A name that no other test has. */
export function newName(): string {
  names += 1;
  return `test_${names}`;
}

export function planFor(changes: Partial<RestorePlan> = {}): RestorePlan {
  return {
    kind: "mongo-archive",
    tool: { name: "mongodump", version: "100.9.4" },
    ...PLAINEST,
    ...changes,
  };
}

export async function dumpOf(database: Database): Promise<Bytes> {
  const { bytes, report } = await database.dump(signal);
  const dump = await collect(bytes, 512 * 1024 * 1024);
  await report;
  return dump;
}

/** How something failed: `kind: message | hint`. */
export async function failureOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return "no failure";
  } catch (error) {
    const { kind, message, hint } = error as { kind?: string; message: string; hint?: string };
    return `${kind}: ${message}${hint === undefined ? "" : ` | ${hint}`}`;
  }
}

/** All that a database holds: documents as their very bytes, in their natural order; options and indexes. */
export async function contentOf(server: Server, database: string): Promise<object> {
  return await server.ask(async (client) => {
    const db = client.db(database);
    const content: Record<string, object> = {};
    for (const { name, type, options } of (await db.listCollections().toArray()) as Document[]) {
      const isView = type === "view";
      const raw = await db.collection(String(name)).find({}, { raw: true }).toArray();
      const documents = raw.map((each) => Buffer.from(each as unknown as Uint8Array).toString("hex"));
      const found = isView ? [] : await db.collection(String(name)).indexes();
      // Some servers keep the name of the collection in its indexes.
      const indexes = found.map((index) =>
        Object.fromEntries(Object.entries(index).filter(([key]) => key !== "ns")),
      );
      content[String(name)] = { type, options, documents: isView ? documents.length : documents, indexes };
    }
    return Object.fromEntries(Object.entries(content).toSorted(([a], [b]) => a.localeCompare(b)));
  });
}

/**
 * A folder with programs that stand where MongoDB's would, for what the real ones do seldom: each is a script of the
 * shell, which finds its folder in `$here`.
 */
export async function toolsIn(
  folder: string,
  scripts: { mongodump?: string; mongorestore?: string },
): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const name of ["mongodump", "mongorestore"] as const) {
    const version = `[ "$1" = --version ] && echo "${name} version: 100.9.4" && exit`;
    const body = scripts[name] ?? "exit 9";
    await Bun.write(join(folder, name), `#!/bin/sh\nhere=$(dirname "$0")\n${version}\n${body}\n`);
    await chmod(join(folder, name), 0o755);
  }
  return folder;
}
