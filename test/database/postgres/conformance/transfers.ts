import { join } from "node:path";
import type { Place } from "../../../conformance/database/engine.ts";
import { NOISE } from "./content.ts";
import { rows, serverOf } from "./engine.ts";

/** Two accounts with much between them: pg_dump takes tables by their names. */
export const BANK = `
  CREATE TABLE first (balance int); INSERT INTO first VALUES (1000);
  ${NOISE}
  CREATE TABLE past (balance int); INSERT INTO past VALUES (1000);
  CREATE TABLE transfers (id serial);`;

const MOVE = `
  DO $$ BEGIN
    LOOP
      UPDATE first SET balance = balance - 1;
      UPDATE past SET balance = balance + 1;
      INSERT INTO transfers DEFAULT VALUES;
      COMMIT;
    END LOOP;
  END $$;`;

/** Lets the server move money. */
export async function startTransfers(place: Place): Promise<AsyncDisposable> {
  const server = serverOf(place);
  const psql = Bun.spawn([join(server.binDirectory, "psql"), "-Xqc", MOVE, server.url(place.name)], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  const stop =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%LOOP%UPDATE first%' AND pid <> pg_backend_pid()";
  return {
    [Symbol.asyncDispose]: async () => {
      await server.query(stop);
      await psql.exited;
    },
  };
}

const AUDIT =
  "SELECT (SELECT sum(balance) FROM first) + (SELECT sum(balance) FROM past), (SELECT count(*) FROM transfers)";

export async function audit(place: Place): Promise<{ sum: number; transfers: number }> {
  const [sum = 0, transfers = 0] = (await rows(AUDIT)(place)).split("|").map(Number);
  return { sum, transfers };
}
