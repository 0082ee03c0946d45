import { statfs } from "node:fs/promises";

import { DbackedError } from "../base/error.ts";
import { printBytes, printDuration } from "../base/units.ts";
import { type Backup, findNewest } from "../catalog/list.ts";
import type { DatabaseConfig } from "../config/config.ts";
import { noteVerifier } from "../job/trust.ts";
import { judge } from "../schedule/schedule.ts";
import { bad, type Check, doubtful, good } from "./check.ts";
import type { Patient, Place } from "./patient.ts";

/** A backup may be under way, or have been put off by another one. */
const LATE_MS = 60 * 60 * 1000;

/** With room for fewer backups than that, somebody should see to it. */
const ROOM_FOR = 3;

/** What is looked at: the backups of one database in one store. */
interface Looking extends Place, Pick<Patient, "trusted" | "opens" | "now"> {
  subject: string;
  entry: DatabaseConfig;
  set: string;
}

/** Looks at the newest backup that counts: whether it is late, and what was proved of it. */
export async function checkNewest(looking: Looking, signal: AbortSignal): Promise<readonly Check[]> {
  const { subject, entry, set, store, trusted, now } = looking;
  const newest = await findNewest(store, set, noteVerifier(store, trusted, signal), signal);
  if (newest === undefined) {
    const what = `there is no backup of it in ${store.label} that counts`;
    const copying = entry.stores.length > 1 ? "; `dbacked copy` brings what other stores have" : "";
    return [doubtful(subject, what, `\`dbacked run --once ${set}\` makes one${copying}`)];
  }
  const age = judgeAge(subject, newest, entry, { label: store.label, now: now() });
  const proofs = looking.opens ? [] : judgeProofs(subject, newest);
  return [age, ...proofs, ...(await judgeRoom(looking, newest))];
}

function judgeAge(
  subject: string,
  { name, manifest }: Backup,
  { schedule }: DatabaseConfig,
  { label, now }: { label: string; now: Date },
): Check {
  const takenAt = new Date(manifest.takenAt);
  const age = printAge(now.getTime() - takenAt.getTime());
  const what = `the newest backup in ${label} is ${age} old (${name.id.slice(0, 12)})`;
  if (schedule === null) return good(subject, what);
  const hourAgo = new Date(now.getTime() - LATE_MS);
  if (takenAt > hourAgo || !judge(schedule, takenAt, hourAgo).isDue) return good(subject, what);
  const due = judge(schedule, takenAt, takenAt).next.toISOString();
  const hint = "who runs dbacked, and what does its log say? `dbacked run --once` makes one now";
  return bad(
    subject,
    new DbackedError("incomplete", `${what}, and the next one was due at ${due}`, { hint }),
  );
}

function judgeProofs(subject: string, { proofs }: Backup): Check[] {
  const { readBackAt, sampledAt, verifiedAt, openedAt, drilledAt } = proofs;
  const opened = openedAt ?? drilledAt;
  if (opened !== null) return [good(subject, `it was opened and read at ${opened}`)];
  const whole = readBackAt ?? verifiedAt;
  const seen =
    whole === null
      ? sampledAt === null
        ? "nothing proves that it can be read"
        : "a part of it was read back"
      : "it was read back whole";
  const what = `${seen}, and nobody has shown that it can be opened`;
  return [doubtful(subject, what, "where the private key is: dbacked verify --last --private-key-path FILE")];
}

/** The next backup will be about as large as the last one. */
async function judgeRoom({ subject, folder }: Looking, { manifest }: Backup): Promise<Check[]> {
  if (folder === null) return [];
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= ROOM_FOR * manifest.bytes) return [];
  const what = `the newest backup has ${printBytes(manifest.bytes)}, and ${printBytes(free)} are free in ${folder}`;
  const hint = "make room, or let `keep` remove old ones: see docs/retention.md";
  if (free >= manifest.bytes) return [doubtful(subject, what, hint)];
  return [bad(subject, new DbackedError("store", what, { hint }))];
}

function printAge(ms: number): string {
  const days = Math.floor(ms / 86_400_000);
  return days < 2 ? printDuration(Math.max(0, ms)) : `${days} days`;
}
