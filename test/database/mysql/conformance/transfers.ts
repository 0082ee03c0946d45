import { requireProgram } from "../../../../scripts/services/service.ts";
import type { Place } from "../../../conformance/database/engine.ts";
import { block, NOISE } from "./content.ts";
import { rows, serverOf } from "./engine.ts";

/** Two accounts with much between them: the dump program takes tables by their names. */
export const BANK = `
  CREATE TABLE first (balance INT); INSERT INTO first VALUES (1000);
  ${NOISE}
  CREATE TABLE past (balance INT); INSERT INTO past VALUES (1000);
  CREATE TABLE transfers (id INT AUTO_INCREMENT PRIMARY KEY);
  ${block(`CREATE PROCEDURE transfer() LOOP
    START TRANSACTION;
    UPDATE first SET balance = balance - 1;
    UPDATE past SET balance = balance + 1;
    INSERT INTO transfers VALUES ();
    COMMIT;
  END LOOP`)}`;

/** Lets the server move money. */
export async function startTransfers(place: Place): Promise<AsyncDisposable> {
  const server = serverOf(place);
  const { socket, superuser } = server;
  const client = requireProgram("mariadb", "mariadb-client");
  const who = ["--no-defaults", `--socket=${socket}`, `--user=${superuser}`];
  const session = Bun.spawn([client, ...who, "--execute=CALL transfer()", place.name], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  const find = `SELECT ID FROM information_schema.PROCESSLIST WHERE DB = '${place.name}' AND USER = '${superuser}' AND ID <> CONNECTION_ID()`;
  return {
    [Symbol.asyncDispose]: async () => {
      for (const id of (await server.query(find)).trim().split("\n")) await server.query(`KILL ${id}`);
      await session.exited;
    },
  };
}

const AUDIT =
  "SELECT (SELECT SUM(balance) FROM first) + (SELECT SUM(balance) FROM past), (SELECT COUNT(*) FROM transfers)";

export async function audit(place: Place): Promise<{ sum: number; transfers: number }> {
  const [sum = 0, transfers = 0] = (await rows(AUDIT)(place)).split("\t").map(Number);
  return { sum, transfers };
}
