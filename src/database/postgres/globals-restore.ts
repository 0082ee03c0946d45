import { collect, streamOf, type ByteStream, type Bytes } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";
import { feed } from "../../tool/run.ts";
import type { RestorePlan, RestoreReport } from "../database.ts";
import { explainFailure } from "./failure.ts";
import { planGlobals, type GlobalsPlan, type GlobalsTarget } from "./globals-plan.ts";
import { LONGEST_SCRIPT, splitScript } from "./globals-script.ts";
import { ask, PSQL_ARGUMENTS, type Asked } from "./psql.ts";
import { Warnings } from "./warnings.ts";

/** A message of psql would else show the statement that failed, with the password in it. */
const TERSE = ["-v", "VERBOSITY=terse"] as const;

/**
 * Restores roles into a server. The whole dump is read before the first statement, and all of them are one transaction.
 *
 * @param asked leads to any database of the server.
 */
export async function restoreGlobals(
  asked: Asked,
  plan: Pick<RestorePlan, "kind" | "force">,
  body: ByteStream,
  signal: AbortSignal,
): Promise<RestoreReport> {
  const { server } = asked.connection;
  if (plan.kind !== "pg-globals")
    throw new DbackedError(
      "target",
      `A dump of the kind ${plan.kind} cannot be restored as roles of ${server}`,
    );
  const script = await readScript(body);
  const target = await ask<GlobalsTarget>(asked, TARGET, signal);
  const planned = planGlobals(splitScript(script), target, plan);
  const warnings = new Warnings(false);
  const psql = {
    argv: [asked.psql, ...PSQL_ARGUMENTS, ...TERSE],
    env: asked.connection.environment,
    watch: (line: string) => warnings.see(line),
  };
  try {
    if (planned.statements.length > 0) await feed(psql, streamOf(transaction(planned)), signal);
  } catch (error) {
    throw explainFailure(error, `Cannot restore roles into ${server}`);
  }
  return { notices: [...warnings.lines, ...planned.notices] };
}

/** Every byte becomes a character: names may be in any encoding. */
async function readScript(body: ByteStream): Promise<string> {
  try {
    return Buffer.from(await collect(body, LONGEST_SCRIPT)).toString("latin1");
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new DbackedError("damaged", `the dump of roles has ${cause.message}`, { cause });
  }
}

function transaction({ settings, statements }: GlobalsPlan): Bytes {
  const begin = ["BEGIN;", "SET LOCAL client_min_messages = warning;"];
  const lines = [...settings, ...begin, ...statements, "COMMIT;", ""];
  return new Uint8Array(Buffer.from(lines.join("\n"), "latin1"));
}

/** The role that a server was made with has the number 10. */
const TARGET = `
SELECT json_build_object(
  'versionNumber', current_setting('server_version_num')::int,
  'roles', (SELECT json_agg(rolname) FROM pg_roles),
  'tablespaces', (SELECT json_agg(spcname) FROM pg_tablespace),
  'untouchable', (SELECT json_agg(rolname) FROM pg_roles WHERE oid = 10 OR rolname IN (current_user, session_user))
);
`;
