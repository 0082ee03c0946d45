import { join } from "node:path";
import type { FoundTools, ToolFamily } from "../../tool/find.ts";

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

/** The path of one of the programs. */
export function programIn(tools: FoundTools, name: "pg_dump" | "pg_restore" | "psql"): string {
  return join(tools.directory, name);
}
