import { DbackedError } from "../../base/error.ts";
import { ProgramFailure } from "../../tool/child.ts";
import { askServer, type Reach } from "./client.ts";
import { errorNumbers } from "./failure.ts";
import { gapsOf } from "./gaps.ts";
import { parseGrants, rightsIn } from "./grants.ts";

/** What the server says to a role that has no right on a database, be there one or not. */
const NO_RIGHT = 1044;

const QUERIES = {
  variables: "SHOW VARIABLES LIKE 'partial_revokes'",
  role: "SELECT CURRENT_USER()",
  grants: "SHOW GRANTS",
};

/** Says of a database that lets the role see nothing which rights would let it dump all; of any other failure nothing. */
export async function explainShut(error: unknown, reach: Reach, signal: AbortSignal): Promise<unknown> {
  const cause = error instanceof DbackedError ? error.cause : null;
  if (!(cause instanceof ProgramFailure) || !errorNumbers(cause.stderr).includes(NO_RIGHT)) return error;
  const { server, answers } = await askServer({ ...reach, isInside: false }, QUERIES, signal);
  const hasWildcards = answers.variables[0]?.[1] !== "ON";
  const { database, label } = reach.connection;
  const rights = rightsIn(parseGrants(answers.grants.map(([line = ""]) => line)), { database, hasWildcards });
  const role = answers.role[0]?.[0] ?? "";
  // Nothing in there is shown to the role: what it holds is taken to need every right.
  const unknown = { hiddenRoutines: 1, versioned: [], versionedByTransaction: [], hiddenKeys: [] };
  const gaps = gapsOf({ server, role, rights, hasWildcards, ...unknown }, database);
  return new DbackedError(
    "incomplete",
    `A dump of ${label} would lack everything: the role has no right on it, or there is no such database`,
    { hint: [...new Set(gaps.flatMap(({ mend }) => mend ?? []))].join("\n"), cause: error },
  );
}
