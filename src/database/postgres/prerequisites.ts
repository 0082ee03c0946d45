import { DbackedError } from "../../base/error.ts";
import type { FoundTools } from "../../tool/find.ts";
import type { Needs } from "./needs.ts";
import { identifier } from "./psql.ts";
import type { Source } from "./source.ts";
import type { Target } from "./target.ts";

/**
 * Refuses a restore that would fail for lack of something, before anything is changed.
 *
 * @throws {DbackedError} `target`, naming all that is missing and the commands that mend it.
 */
export function refuseMissing(label: string, target: Target, needs: Needs): void {
  const roles = [...needs.roles].filter((name) => !target.roles.includes(name));
  const extensions = [...needs.extensions].filter((name) => !target.extensions.includes(name));
  const tablespaces = [...needs.tablespaces].filter((name) => !target.tablespaces.includes(name));
  const missing = [
    named("role", roles),
    named("extension", extensions),
    named("tablespace", tablespaces),
  ].flat();
  if (missing.length === 0) return;
  throw new DbackedError(
    "target",
    `The server of ${label} lacks ${missing.join(", ")}, which the dump needs`,
    {
      hint: [
        ...roles.map((name) => `CREATE ROLE ${identifier(name)};`),
        ...(roles.some((name) => needs.ownersOnly.has(name))
          ? ["or give --no-owner, and everything will be yours"]
          : []),
        ...extensions.map((name) => `install the package that holds the extension ${name} on the server`),
        ...tablespaces.map(
          (name) => `CREATE TABLESPACE ${identifier(name)} LOCATION '/a/folder/of/the/server';`,
        ),
      ].join("\n"),
    },
  );
}

/** Since version 17, pg_restore sets what older servers do not know. */
export const TRANSACTION_TIMEOUT = {
  line: "SET transaction_timeout = 0;",
  tools: 17,
  server: 170_000,
} as const;

/** Refuses a restore in several connections into a server that pg_restore does not speak with: no script is there to mend. */
export function refuseParallel(
  label: string,
  { versionNumber }: Target,
  { major, version }: FoundTools,
): void {
  if (versionNumber >= TRANSACTION_TIMEOUT.server || major < TRANSACTION_TIMEOUT.tools) return;
  throw new DbackedError(
    "target",
    `pg_restore ${version} cannot restore with several jobs into ${label}: the server is older than version 17`,
    {
      hint: "restore without --jobs",
    },
  );
}

/** Refuses a restore in one transaction for which the server has no room to remember what it locked. */
export function refuseTooManyLocks(label: string, target: Target, needs: Needs): void {
  // What is dropped in the same transaction is locked too.
  const locks = needs.locks + 2 * target.objects;
  if (locks <= target.lockRoom) return;
  const enough = Math.ceil((target.locksPerTransaction * locks) / target.lockRoom);
  throw new DbackedError(
    "target",
    `The server of ${label} has no room for a restore in one transaction: it would hold about ${locks} locks, and there is room for ${target.lockRoom}`,
    {
      hint: `set max_locks_per_transaction = ${enough} on the server and restart it, or give --no-single-transaction`,
    },
  );
}

/** Refuses a dump that must fail: pg_dump locks every table before it writes the first byte. */
export function refuseTooManyTables(
  label: string,
  { tables, lockRoom, locksPerTransaction }: Pick<Source, "tables" | "lockRoom" | "locksPerTransaction">,
): void {
  if (tables <= lockRoom) return;
  throw new DbackedError(
    "database",
    `Cannot dump ${label}: the server has no room to lock its ${tables} tables`,
    {
      hint: `set max_locks_per_transaction = ${Math.ceil((locksPerTransaction * tables) / lockRoom)} on the server and restart it`,
    },
  );
}

function named(sort: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  return [`the ${sort}${names.length > 1 ? "s" : ""} ${names.map(identifier).join(", ")}`];
}
