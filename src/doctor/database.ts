import { DbackedError } from "../base/error.ts";
import { IDENTITY_TYPE, lookAtSet } from "../catalog/identity.ts";
import type { DatabaseConfig } from "../config/config.ts";
import type { Check as Answer, Database, Gap } from "../database/database.ts";
import { findMembers, type Member } from "../job/instance.ts";
import { verifyNote } from "../seal/note.ts";
import { keysAt } from "../seal/unlock.ts";
import { checkNewest } from "./backups.ts";
import { bad, type Check, doubtful, examine, good } from "./check.ts";
import { summarize } from "./members.ts";
import { type Patient, placesOf } from "./patient.ts";
import { judgeTransport } from "./transport.ts";

/** A server that says nothing at all is given up then. */
const LIMIT_MS = 60_000;

/** Databases of one server that are asked at once. */
const AT_ONCE = 4;

/** Asks a database, or all of a server, whether it can be dumped, and looks at the backups that there are of it. */
export async function checkDatabase(
  patient: Patient,
  entry: DatabaseConfig,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const subject = `database ${entry.name}`;
  const { name, server } = entry;
  if (server === null) {
    const open = async () => await entry.open();
    return await checkOne(patient, { subject, entry, set: name, open }, signal);
  }
  return await examine(
    subject,
    async () => {
      const members = await limited(server.instance.label, signal, (inner) =>
        findMembers({ name, ...server }, inner),
      );
      return await checkMembers(patient, entry, members, signal);
    },
    signal,
  );
}

async function checkMembers(
  patient: Patient,
  entry: DatabaseConfig,
  members: readonly Member[],
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const checks = new Map<string, readonly Check[]>();
  const queue = members.values();
  const work = async () => {
    for (const { set, open } of queue) {
      const one = { subject: `database ${set}`, entry, set, open: async () => open() };
      checks.set(set, await checkOne(patient, one, signal));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return summarize(
    entry.name,
    members.map(({ set }) => ({ set, checks: checks.get(set) ?? [] })),
  );
}

/** One database, under the name of its backups. */
interface Subject {
  subject: string;
  entry: DatabaseConfig;
  set: string;
  open: () => Promise<Database>;
}

async function checkOne(patient: Patient, one: Subject, signal: AbortSignal): Promise<readonly Check[]> {
  const { subject, entry, set } = one;
  const asked = await examine(subject, () => ask(patient, one, signal), signal);
  const kept = placesOf(patient, entry).map((place) =>
    examine(subject, () => checkNewest({ ...patient, ...place, subject, entry, set }, signal), signal),
  );
  return [...asked, ...(await Promise.all(kept)).flat()];
}

async function ask(
  patient: Patient,
  { subject, entry, set, open }: Subject,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const database = await open();
  const answer = await limited(database.label, signal, (inner) => database.check(inner));
  const holders = placesOf(patient, entry).map(({ store }) =>
    examine(
      subject,
      async () => {
        await lookAtSet(store, { set, source: answer.source, verify: verifierOf(patient) }, signal);
        return [];
      },
      signal,
    ),
  );
  return [
    good(subject, `${answer.server} answers: ${database.label}`),
    ...checkTransport(`database ${entry.name}`, answer),
    ...judgeGaps(subject, answer, entry.acceptIncomplete),
    ...(await Promise.all(holders)).flat(),
  ];
}

function verifierOf({ trusted }: Patient): Parameters<typeof lookAtSet>[1]["verify"] {
  return async (note, storedAt) => (await verifyNote(note, IDENTITY_TYPE, keysAt(trusted, storedAt))).payload;
}

function checkTransport(subject: string, { transport }: Answer): Check[] {
  const way = judgeTransport(transport);
  return way === null ? [] : [doubtful(subject, ...way)];
}

function judgeGaps(subject: string, { gaps }: Answer, acceptIncomplete: boolean): Check[] {
  if (gaps.length === 0) return [good(subject, "a dump with this role is complete")];
  return gaps.map((gap) => judgeGap(subject, gap, acceptIncomplete));
}

function judgeGap(subject: string, { object, why, mend, isMinor }: Gap, isAccepted: boolean): Check {
  const what = `a dump would lack ${object} (${why})`;
  if (isMinor === true) return doubtful(subject, what, mend ?? null);
  if (isAccepted) return doubtful(subject, `${what}, which acceptIncomplete allows`, mend ?? null);
  return bad(subject, new DbackedError("incomplete", what, { hint: mend }));
}

async function limited<Result>(
  label: string,
  signal: AbortSignal,
  act: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const limit = AbortSignal.timeout(LIMIT_MS);
  try {
    return await act(AbortSignal.any([signal, limit]));
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.aborted) throw error;
    throw new DbackedError("database", `${label} did not answer within ${LIMIT_MS / 1000} seconds`);
  }
}
