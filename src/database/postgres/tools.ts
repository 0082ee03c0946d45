import { join } from "node:path";
import { chooseTools, findTools, type FoundTools, type ToolFamily } from "../../tool/find.ts";

/** PostgreSQL's client programs. */
export const POSTGRES_TOOLS: ToolFamily = {
  programs: ["pg_dump", "pg_restore", "psql"],
  // Debian, Red Hat, Homebrew.
  usualPlaces: [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/opt/homebrew/opt/libpq/bin",
  ],
  install: (major) => `apt-get install postgresql-client${major === 0 ? "" : `-${major}`}`,
};

/** What dumps roles and tablespaces: not everybody who dumps databases has it. */
export const POSTGRES_SERVER_TOOLS: ToolFamily = { ...POSTGRES_TOOLS, programs: ["pg_dumpall", "psql"] };

/** The path of one of the programs. */
export function programIn(tools: FoundTools, name: "pg_dump" | "pg_dumpall" | "pg_restore" | "psql"): string {
  return join(tools.directory, name);
}

/**
 * The newest psql: it can talk to every server.
 *
 * @throws {DbackedError} `tool`, if there is none.
 */
export function newestPsql(found: readonly FoundTools[], label: string, only: string | undefined): string {
  const need = { major: 0, reason: `${label} cannot be asked without it`, only };
  return programIn(found.at(-1) ?? chooseTools(POSTGRES_TOOLS, found, need), "psql");
}

/** The same, when nothing else is needed. */
export async function findPsql(
  label: string,
  only: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  return newestPsql(await findTools(POSTGRES_TOOLS, only, signal), label, only);
}
