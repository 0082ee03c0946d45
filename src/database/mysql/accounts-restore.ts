import { collect, streamOf, utf8, type ByteStream } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";
import { feed } from "../../tool/run.ts";
import type { Inspection, RestorePlan, RestoreReport } from "../database.ts";
import { readAccountServer } from "./accounts-dump.ts";
import { type ObjectName, planAccounts } from "./accounts-plan.ts";
import { type AccountEntry, parseAccounts } from "./accounts-script.ts";
import { askServer, clientOf, type Reach, type Server } from "./client.ts";
import { Complaints } from "./complaints.ts";
import { explainFailure } from "./failure.ts";
import { parseGrants } from "./grants.ts";
import { literal } from "./quotes.ts";

/** Accounts that are there already do not stand in the way: they are left as they are. */
export const NO_OBSTACLE: Inspection = { exists: true, objects: 0, examples: [] };

/** Bytes that a dump of accounts may have: a hundred thousand of them fit. */
const LONGEST = 256 * 1024 * 1024;

/** Restores accounts that the server lacks; others only if it is forced to. The whole dump is read before the first is made. */
export async function restoreAccounts(
  reach: Reach,
  plan: RestorePlan,
  body: ByteStream,
  signal: AbortSignal,
): Promise<RestoreReport> {
  const { label } = reach.connection;
  if (plan.kind !== "sql-accounts")
    throw new DbackedError("target", `A dump of the kind ${plan.kind} cannot be restored as ${label}`);
  const { product, entries } = parseAccounts(new TextDecoder().decode(await collect(body, LONGEST)));
  const { server, role, mayRead, accounts } = await readAccountServer(reach, signal);
  if (server.product !== product)
    throw new DbackedError(
      "target",
      `Accounts of ${product} cannot be restored as ${label}: that is ${server.product}`,
    );
  if (!mayRead)
    throw new DbackedError("target", `Cannot see which accounts there are: ${label}`, {
      hint: "restore as a user that may read the database mysql",
    });
  const names = accounts.map(({ name }) => name);
  const objects = await readObjects(reach, entries, signal);
  const { statements, notices } = planAccounts(entries, { names, objects, role }, plan);
  const warnings = await run(reach, server, statements, signal);
  return { notices: [...warnings, ...notices] };
}

/** Which of the tables and routines that there are rights on the server has. */
async function readObjects(
  reach: Reach,
  entries: readonly AccountEntry[],
  signal: AbortSignal,
): Promise<ObjectName[]> {
  const grants = parseGrants(entries.filter(({ step }) => step === "object").map(({ text }) => text));
  const databases = new Set(grants.flatMap(({ database }) => database ?? []));
  if (databases.size === 0) return [];
  const wanted = [...databases].map(literal).join(", ");
  const objects = `SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA IN (${wanted})
    UNION SELECT ROUTINE_SCHEMA, ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA IN (${wanted})`;
  const { answers } = await askServer(reach, { objects }, signal);
  return answers.objects.map(([database = "", name = ""]) => ({ database, name }));
}

async function run(
  { connection }: Reach,
  { tools }: Server,
  statements: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const complaints = new Complaints();
  const client = clientOf(connection, tools, ["--binary-mode"]);
  const script = ["SET SESSION sql_mode = ''", ...statements].map((each) => `${each};\n`).join("");
  try {
    await feed({ ...client, watch: (line) => complaints.see(line) }, streamOf(utf8(script)), signal);
    return complaints.warnings;
  } catch (error) {
    const explained = explainFailure(error, `Cannot restore ${connection.label}`);
    if (!(explained instanceof DbackedError)) throw explained;
    const said = explained.message.replaceAll(QUOTED, "");
    // No cause, since that holds what the client said word for word.
    throw new DbackedError(explained.kind, `${said}\nSome accounts may have been made without their rights`, {
      hint: [explained.hint ?? [], "restore again with --force, which gives them the rights that they lack"]
        .flat()
        .join("\n"),
    });
  }
}

/** The piece of a statement that the server does not understand: it may be how a password is kept. */
const QUOTED = / to use near '[^]*'(?= at line \d+)/g;
