import { expect, test } from "bun:test";
import type { Backup } from "../../src/catalog/list.ts";
import { type Copy, type Evidence, judgeHealth, type State } from "../../src/cli/health.ts";
import type { Failure } from "../../src/host/failures.ts";
import { parseSchedule, type Schedule } from "../../src/schedule/schedule.ts";

const NOW = new Date("2026-11-23T12:00:00Z");
const NIGHTLY = await schedule("0 3 * * *");
const HOURLY = await schedule("0 * * * *");
const EVERY_6H = await schedule("6h");

async function schedule(text: string): Promise<Schedule> {
  return await parseSchedule(text, { zone: "UTC", delayMs: 0 });
}

/** A backup that was taken on that day of November, and took a minute for each 100 bytes. */
function copy(
  time: string,
  { id = time, store = "s3", bytes = 100, doubt = null }: Partial<Shape> = {},
): Copy {
  const takenAt = `2026-11-${time}:00.000Z`;
  const finishedAt = new Date(new Date(takenAt).getTime() + bytes * 600).toISOString();
  const manifest = { backup: id, takenAt, finishedAt, bytes, dumpBytes: bytes };
  return { store, backup: { name: { id }, manifest, doubt } as unknown as Backup };
}

interface Shape {
  id: string;
  store: string;
  bytes: number;
  doubt: string | null;
}

function failure(time: string, store: string | null = null): Failure {
  return { at: `2026-11-${time}:00.000Z`, store, kind: "database", message: "no", hint: null };
}

function health(evidence: Partial<Evidence> & { schedule?: Schedule | null }) {
  const { schedule: chosen = NIGHTLY, ...more } = evidence;
  const usual = { database: "shop", copies: [], asked: ["s3"], history: null };
  return judgeHealth({ ...usual, entry: { schedule: chosen }, ...more }, NOW);
}

const failed = (...failures: Failure[]) => ({ count: failures.length, failures });

test.each<[State, Parameters<typeof health>[0]]>([
  ["good", { copies: [copy("23T03:00")] }],
  ["good", { copies: [copy("23T11:00")], schedule: HOURLY, asked: ["s3"] }],
  ["good", { copies: [copy("01T03:00")], schedule: null }],
  ["good", { copies: [copy("23T05:30")], schedule: EVERY_6H }],
  ["late", { copies: [copy("23T04:30")], schedule: EVERY_6H }],
  ["late", { copies: [copy("22T03:00")] }],
  ["late", { copies: [copy("20T10:00")], schedule: HOURLY }],
  ["late", { copies: [copy("22T03:00"), copy("23T03:00", { doubt: "not whole" })] }],
  ["none", {}],
  ["unknown", { asked: [] }],
  ["failed", { history: failed(failure("23T03:00")) }],
  ["failed", { copies: [copy("22T03:00")], history: failed(failure("23T03:00")) }],
  ["good", { copies: [copy("23T03:00")], history: failed(failure("23T02:59")) }],
  ["uncopied", { copies: [copy("23T03:00")], asked: ["s3", "nas"] }],
  [
    "uncopied",
    { copies: [copy("23T03:00")], asked: ["s3", "nas"], history: failed(failure("23T03:05", "nas")) },
  ],
])("judgeHealth() calls %s what it must: case %#", (state, evidence) => {
  expect(health(evidence).state).toBe(state);
});

test("judgeHealth() says when the next is due, and what was usual", () => {
  const copies = [
    copy("20T03:00", { bytes: 400 }),
    copy("21T03:00"),
    copy("22T03:00", { bytes: 200 }),
    copy("23T03:00"),
  ];
  const both = [...copies, copy("23T03:00", { store: "nas" })];
  expect(health({ copies: both, asked: ["s3", "nas"] })).toMatchObject({
    newest: { store: "s3" },
    nextAt: new Date("2026-11-24T03:00:00Z"),
    isDue: false,
    lastRunAt: "2026-11-23T03:01:00.000Z",
    trend: { backups: 3, bytes: 200, dumpBytes: 200, durationMs: 120_000 },
    missingIn: [],
  });
  expect(health({ copies: [copy("22T03:00")] })).toMatchObject({ nextAt: NOW, isDue: true, trend: null });
});
