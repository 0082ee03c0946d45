import { streamOf, utf8, type ByteStream } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";
import { log } from "../../base/log.ts";
import { ProgramFailure } from "../../tool/child.ts";
import { feed } from "../../tool/run.ts";
import type { RestorePlan, RestoreReport } from "../database.ts";
import { adaptScript } from "./adaptation.ts";
import { clientOf, type Reach } from "./client.ts";
import { Complaints } from "./complaints.ts";
import { errorNumbers, explainFailure } from "./failure.ts";
import { readNeeds, type Needs } from "./needs.ts";
import { grantsFor, noticesOf, refuseTarget } from "./prerequisites.ts";
import { omitSandboxLine } from "./script.ts";
import { emptyingOf, readTarget, type Target } from "./target.ts";

/** A restore, and where it goes. */
export interface Restoring {
  reach: Reach;
  plan: RestorePlan;
}

/** Of the client's own commands only the delimiter is obeyed, and no byte of a row is taken for something else. */
const ARGUMENTS = ["--binary-mode", "--max-allowed-packet=1G"] as const;

/** Restores a dump in SQL. Nothing changes before the target was looked at; after that there is no way back. */
export async function restoreScript(
  { reach, plan }: Restoring,
  body: ByteStream,
  signal: AbortSignal,
): Promise<RestoreReport> {
  const { connection } = reach;
  refuseMeaningless(connection.label, plan);
  const target = await readTarget(reach, signal);
  const needs = readNeeds(plan.extensions ?? []);
  await refuseTarget({ reach, plan }, target, needs, signal);
  const complaints = new Complaints();
  const running = { reach, target, complaints };
  const emptying = emptyingOf(target.objects, connection.database);
  try {
    if (emptying.length > 0) await runScript(running, streamOf(utf8(emptying.join("\n"))), signal);
    const script = body.pipeThrough(omitSandboxLine()).pipeThrough(adaptScript(plan));
    await runScript(running, script, signal);
  } catch (error) {
    if (signal.aborted) log.warn(`${connection.label} ${HALF}: ${AGAIN}`);
    throw explainHalf(error, { target, needs, label: connection.label });
  }
  return { notices: [...complaints.warnings, ...(await noticesOf(reach, target, needs, signal))] };
}

interface Running {
  reach: Reach;
  target: Target;
  complaints: Complaints;
}

async function runScript(
  { reach: { connection }, target, complaints }: Running,
  script: ByteStream,
  signal: AbortSignal,
): Promise<void> {
  const { tools } = target.server;
  const client = clientOf(connection, tools, [...ARGUMENTS, "--", connection.database]);
  try {
    await feed({ ...client, watch: (line) => complaints.see(line) }, script, signal);
  } catch (error) {
    throw explainFailure(error, `Cannot restore into ${connection.label}`);
  }
}

const HALF = "now holds a part of the dump at most";
const AGAIN = "restore again with --force, which empties it first";

/** There is no transaction around a restore: says what is left, and how to go on. */
function explainHalf(
  error: unknown,
  { target, needs, label }: { target: Target; needs: Needs; label: string },
): unknown {
  const isOurs =
    error instanceof DbackedError && !(error instanceof ProgramFailure && error.exitCode === null);
  if (!isOurs) return error;
  return new DbackedError(error.kind, `${error.message}\n${label} ${HALF}`, {
    cause: error,
    hint: [
      ...(hasNoRights(error.cause) ? aboutDefiners(needs, target) : [error.hint ?? []].flat()),
      `${AGAIN}; to have no gap, restore into a new database and swap the names in your program`,
    ].join("\n"),
  });
}

/** What the server says of a view that its definer may not read, and of one that refers to what is not there. */
function hasNoRights(error: unknown): boolean {
  return error instanceof ProgramFailure && errorNumbers(error.stderr).includes(1356);
}

function aboutDefiners({ definers }: Needs, target: Target): string[] {
  const others = definers.filter((name) => name !== target.role);
  const cause = "a view refers to what is not there, or its definer has no rights here";
  if (others.length === 0) return [`${cause}: mend or drop it in the original`];
  return [
    `${cause}: give --no-owner, and everything will run in your name; or let its definer in:`,
    ...grantsFor(others, target),
  ];
}

function refuseMeaningless(label: string, { kind, jobs, singleTransaction }: RestorePlan): void {
  if (kind !== "sql")
    throw new DbackedError("target", `A dump of the kind ${kind} cannot be restored into ${label}`);
  if (jobs > 1) throw new DbackedError("usage", "--jobs cannot be used with MySQL and MariaDB");
  if (!singleTransaction)
    throw new DbackedError(
      "usage",
      "--no-single-transaction means nothing to MySQL and MariaDB, which have none",
    );
}
