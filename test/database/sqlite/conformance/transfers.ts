import { Database as Connection } from "bun:sqlite";
import { join } from "node:path";
import type { Place } from "../../../conformance/database/engine.ts";
import { NOISE } from "./content.ts";

/** Two accounts with much between them, in the mode in which writers need not wait. */
export const BANK = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE first (balance INTEGER); INSERT INTO first VALUES (1000);
  ${NOISE}
  CREATE TABLE last (balance INTEGER); INSERT INTO last VALUES (1000);
  CREATE TABLE transfers (id INTEGER PRIMARY KEY);`;

/** Another process that moves money. */
export async function startTransfers({ name }: Place): Promise<AsyncDisposable> {
  const writer = Bun.spawn([process.execPath, join(import.meta.dir, "writer.ts"), name], {
    stdout: "ignore",
    stderr: "inherit",
  });
  return {
    [Symbol.asyncDispose]: async () => {
      writer.kill("SIGKILL");
      await writer.exited;
    },
  };
}

export async function audit({ name }: Place): Promise<{ sum: number; transfers: number }> {
  using connection = new Connection(name, { readonly: true });
  const question = connection.query<{ sum: number; transfers: number }, []>(
    "SELECT (SELECT sum(balance) FROM first) + (SELECT sum(balance) FROM last) AS sum, (SELECT count(*) FROM transfers) AS transfers",
  );
  return question.get() ?? { sum: 0, transfers: 0 };
}
