import { isProgress, textOf } from "./failure.ts";

/** How many are kept. */
const MOST = 100;

/** What MongoDB's tools say of every run, each in its own words. */
const USUAL = [
  /^writing /,
  /^done dumping /,
  /^dumped \d+ /,
  /^excluding MongoDB internal database /,
  /^preparing collections to restore from/,
  // Of every database of an archive. What it leaves out would be missing from the number of documents.
  /^don't know what to do with subdirectory /,
  /^reading metadata for /,
  /^restoring /,
  /^finished restoring /,
  /^no indexes to restore /,
  /^index: /,
  /^setting number of parallel collections /,
  /^replaying oplog/,
  /^applied \d+ oplog /,
  /^\d+ document\(s\) restored successfully\. 0 document\(s\) failed/,
  // Said because the URL names the database that is restored into, which only serves to connect.
  /^The --db and --collection flags are deprecated/,
];

/** What MongoDB's tools say on stderr although they go on: each line once, and nothing of what they always say. */
export class Remarks {
  readonly #lines = new Set<string>();

  get lines(): readonly string[] {
    return [...this.#lines];
  }

  see(line: string): void {
    const said = textOf(line);
    if (said === "" || isProgress(said) || USUAL.some((usual) => usual.test(said))) return;
    if (this.#lines.size < MOST) this.#lines.add(said);
  }
}

/** How many documents mongodump says to have dumped, as in "done dumping `shop.orders` (1000 documents)"; null if it does not. */
export function dumpedIn(line: string): { namespace: string; documents: number } | null {
  const found = /^done dumping [`"]?(.+?)[`"]? \((\d+) documents?\)$/.exec(textOf(line));
  const [, namespace = "", documents = ""] = found ?? [];
  return found === null ? null : { namespace, documents: Number(documents) };
}

/** How many documents mongorestore says to have restored, and how many it could not; null if it does not. */
export function restoredIn(line: string): { restored: number; failed: number } | null {
  const found = /^(\d+) document\(s\) restored successfully\. (\d+) document\(s\) failed/.exec(textOf(line));
  return found === null ? null : { restored: Number(found[1]), failed: Number(found[2]) };
}
