import { describe, setDefaultTimeout, test } from "bun:test";
import { testContent } from "./database/content.ts";
import type { Absent, Engine } from "./database/engine.ts";
import { testMany } from "./database/many.ts";
import { testNarrowed, testRefusedOptions, testSurrounded } from "./database/surroundings.ts";
import { testFull, testFullDisk, testTornDump, testTornRestore } from "./database/target.ts";
import { testWrites } from "./database/writes.ts";

/** What every engine is held to. Each row ends in restore and compare, or in a named error and no backup stored. */
const LIST = {
  "an empty database": testContent,
  "names with accents, quotes, backticks and spaces": testContent,
  "binary data with every byte": testContent,
  NULLs: testContent,
  "dates at the edges": testContent,
  "numbers at the edges": testContent,
  "views, and views on views": testContent,
  routines: testContent,
  triggers: testContent,
  "generated columns": testContent,
  "foreign keys in a circle": testContent,
  "a value of 100 MB": testContent,
  "10,000 tables": testMany,
  "transfers while one database is dumped": testWrites,
  "transfers while a whole server is dumped": testWrites,
  "a wrong password": testContent,
  "an unknown host": testContent,
  "a port where nobody listens": testContent,
  "TLS, and a server that has none": testContent,
  "a certificate that nobody vouches for": testContent,
  "a certificate of another host": testContent,
  "a role without rights": testContent,
  "a connection that breaks while dumping": testTornDump,
  "a connection that breaks while restoring": testTornRestore,
  "the user's option files and environment": testSurrounded,
  "options that narrow the dump": testNarrowed,
  "options that would spoil the dump": testRefusedOptions,
  "a target that is not empty": testFull,
  "a disk that is full while restoring": testFullDisk,
};

type Name = keyof typeof LIST;

/** How each row is written in one engine, or why it has no meaning there. */
export type Rows = { [Row in Name]: Parameters<(typeof LIST)[Row]>[1] | Absent };

/** An engine, and the list in its words. */
export interface Subject {
  engine: Engine;
  rows: Rows;
  /** Programs that may be missing where the tests run; all others are required. @default none */
  programs?: readonly string[];
}

/** The rows in their order. */
export const NAMES = Object.keys(LIST) as Name[];

/** Runs the list. */
export function databaseSuite({ engine, rows, programs = [] }: Subject): void {
  // Many tables take their time when the host is busy, and a test that runs into it takes the servers with it.
  setDefaultTimeout(300_000);
  const missing = programs.filter((program) => Bun.which(program) === null);
  describe(`${engine.name} as a database`, () => {
    for (const name of NAMES) {
      const row = rows[name];
      if (row.outcome === "–") continue;
      const title = `${name}: ${row.outcome}`;
      // Each runner takes the rows that `Rows` gives it.
      const run = LIST[name] as (engine: Engine, row: never) => Promise<void>;
      if (missing.length > 0) test.skip(`${title} (needs ${missing.join(" and ")})`, () => {});
      else test(title, () => run(engine, row as never));
    }
  });
}
