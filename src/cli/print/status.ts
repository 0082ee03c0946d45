import { exitCodeOf, exitCodeOfKind, DbackedError } from "../../base/error.ts";
import { printBytes, printDuration } from "../../base/units.ts";
import type { AgentRecord } from "../../host/agent-record.ts";
import type { Failure } from "../../host/failures.ts";
import { durationOf, type Health, type State } from "../health.ts";
import type { Trouble } from "../homes.ts";
import { agentJson, type AgentJson, describeAgent } from "./agents.ts";
import { shortTime } from "./backup.ts";
import { type Column, printTable, type TableLook } from "./table.ts";
import { printableLines } from "./text.ts";

/** How everything stands. */
interface Status {
  agents: readonly AgentRecord[];
  healths: readonly Health[];
  troubles: readonly Trouble[];
}

/** What `status --json` prints. Its shape is kept. @see docs/json.md */
interface StatusJson {
  agents: AgentJson[];
  databases: HealthJson[];
  failures: { database: string | null; store: string; kind: string; message: string; hint: string | null }[];
}

interface HealthJson {
  database: string;
  state: State;
  lastRunAt: string | null;
  newest: NewestJson | null;
  nextAt: string | null;
  isDue: boolean;
  failures: { count: number; last: readonly Failure[] };
  trend: Health["trend"];
  missingIn: readonly string[];
}

interface NewestJson {
  id: string;
  store: string;
  takenAt: string;
  finishedAt: string;
  bytes: number;
  dumpBytes: number;
  durationMs: number;
}

const COLUMNS: readonly Column[] = [
  { title: "DATABASE" },
  { title: "STATE" },
  { title: "NEWEST" },
  { title: "DUMP", side: "right", goes: 3 },
  { title: "STORED", side: "right", goes: 2 },
  { title: "TOOK", side: "right", goes: 1 },
  { title: "NEXT", enough: 20 },
];

/** Differences of a size or a duration that are not worth a word, as a part of it. */
const USUAL = 0.1;

/** How long a backup must have taken for a change to mean something, in ms. */
const NOTICED_MS = 10_000;

/** The document of `--json`. */
export function statusJson({ agents, healths, troubles }: Status): StatusJson {
  return {
    agents: agents.map(agentJson),
    databases: healths.map(healthJson),
    failures: troubles.map(({ database, store, failure: { kind, message, hint = null } }) => ({
      database,
      store,
      kind,
      message,
      hint,
    })),
  };
}

function healthJson({ database, state, lastRunAt, newest, nextAt, isDue, ...rest }: Health): HealthJson {
  const { failures, trend, missingIn } = rest;
  const next = nextAt?.toISOString() ?? null;
  return {
    database,
    state,
    lastRunAt,
    newest: newest && newestJson(newest),
    nextAt: next,
    isDue,
    failures,
    trend,
    missingIn,
  };
}

function newestJson(copy: NonNullable<Health["newest"]>): NewestJson {
  const { backup: id, takenAt, finishedAt, bytes, dumpBytes } = copy.backup.manifest;
  return { id, store: copy.store, takenAt, finishedAt, bytes, dumpBytes, durationMs: durationOf(copy) };
}

/** The exit code: that of the first database that is not well. */
export function codeOf(healths: readonly Health[]): number {
  const bad = healths.find(({ state }) => state !== "good");
  if (bad === undefined) return 0;
  const failure = bad.failures.last.findLast(({ store }) => store === null);
  if (bad.state === "failed" && failure !== undefined && failure.kind !== "interrupted")
    return exitCodeOfKind(failure.kind);
  const kind = bad.state === "uncopied" || bad.state === "unknown" ? "store" : "incomplete";
  return exitCodeOf(new DbackedError(kind, bad.state));
}

/** What people read: a table, what is wrong, and who is at work. */
export function printStatus({ agents, healths }: Status, look: TableLook, now: Date): string {
  const notes = healths.flatMap((health) => notesOn(health, now));
  const here = agents.length === 0 ? ["No agent runs on this host."] : agents.map(describeAgent);
  return [printTable(COLUMNS, healths.map(rowOf), look), "", ...notes, ...here].join("\n");
}

function rowOf({ database, state, newest, nextAt, isDue, trend }: Health): string[] {
  const next = nextAt === null ? "-" : isDue ? "due now" : shortTime(nextAt.toISOString());
  if (newest === null) return [database, state, "-", "-", "-", "-", next];
  const { takenAt, dumpBytes, bytes } = newest.backup.manifest;
  const took = durationOf(newest);
  return [
    database,
    state,
    shortTime(takenAt),
    printBytes(dumpBytes) + changeOf(dumpBytes, trend?.dumpBytes),
    printBytes(bytes) + changeOf(bytes, trend?.bytes),
    printDuration(took) + (took > NOTICED_MS ? changeOf(took, trend?.durationMs) : ""),
    next,
  ];
}

/** As in ` (+38 %)`, against what was usual before. */
function changeOf(value: number, usual: number | undefined): string {
  if (usual === undefined || usual === 0) return "";
  const change = value / usual - 1;
  if (Math.abs(change) < USUAL) return "";
  return ` (${change > 0 ? "+" : "-"}${Math.round(Math.abs(change) * 100)} %)`;
}

function notesOn({ database, state, failures, missingIn, newest }: Health, now: Date): string[] {
  const notes: string[] = [];
  const last = failures.last.at(-1);
  if (last !== undefined) {
    const times = failures.count > 1 ? `failed ${failures.count} times, last` : "failed";
    const where = last.store === null ? "" : ` in ${last.store}`;
    const hint = last.hint === null ? [] : [`hint: ${last.hint}`];
    notes.push(`${database}: ${times} at ${shortTime(last.at)}${where}: ${last.message}`, ...hint);
  }
  if (state === "late" && newest !== null) {
    const age = now.getTime() - new Date(newest.backup.manifest.takenAt).getTime();
    notes.push(`${database}: a backup is due; the newest is ${printDuration(age)} old`);
  }
  if (missingIn.length > 0)
    notes.push(
      `${database}: ${missingIn.join(", ")} has no good copy of the newest backup: \`dbacked copy\` brings it, or says why not`,
    );
  return notes.flatMap((note) => printableLines(note));
}
