import { collect, utf8, type Bytes } from "../base/bytes.ts";
import { compactTime } from "../base/clock.ts";
import { DbackedError } from "../base/error.ts";
import type { Store } from "../store/store.ts";
import type { Trial } from "../store/trial.ts";
import { compareClocks, type ToldTime } from "./host-clock.ts";

/** Where probes lie. No database can have this name, so that no listing of backups sees them. */
export const PROBES = "_probe/";

/** Leases and what is due are judged by the store's clock, and S3 refuses what is 15 minutes wrong. */
const CLOCK_ADVISED_MS = 60_000;

/** How long a probe lies, in ms, before others clear it away. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * Finds out what a store lets this host do, by trying it on an object of its own: a hundred bytes, under a new name each
 * time, since what was stored once is not written again. It is removed if that is allowed. What fails is told as a
 * trial; only an interruption and a bug are thrown.
 */
export async function probeStore(
  store: Store,
  now: () => Date,
  signal: AbortSignal,
): Promise<readonly Trial[]> {
  const beganAt = now();
  const id = crypto.randomUUID();
  const key = `${PROBES}${compactTime(beganAt)}-${id.slice(0, 8)}`;
  const bytes = utf8(`dbacked was here to see what it may do. Whoever may delete this may do so. ${id}\n`);
  const written = await attempt("write", () => write(store, { key, bytes }, signal), signal);
  const isThere = written.every(({ state }) => state === "ok");
  const listed = await attempt("list", () => list(store, { key, isThere, now, beganAt }, signal), signal);
  // Without an object, nothing more can be tried.
  if (!isThere) return [...written, ...listed];
  const read = await attempt("read", () => readAgain(store, { key, bytes }, signal), signal);
  const probe = { key, size: bytes.length };
  const own = await attempt("access", async () => (await store.trials?.run(probe, signal)) ?? [], signal);
  return [...written, ...read, ...listed, ...own];
}

interface Written {
  key: string;
  bytes: Bytes;
}

async function attempt(
  name: Trial["name"],
  act: () => Promise<readonly Trial[]>,
  signal: AbortSignal,
): Promise<readonly Trial[]> {
  try {
    return await act();
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof DbackedError)) throw error;
    return [{ name, state: "fail", what: error.message, hint: error.hint }];
  }
}

async function write(store: Store, { key, bytes }: Written, signal: AbortSignal): Promise<readonly Trial[]> {
  if ((await store.create(key, bytes, signal)) === "created")
    return [{ name: "write", state: "ok", what: "can be written to" }];
  throw new DbackedError("store", `${store.label} holds ${key} already, which nobody has written before`);
}

async function readAgain(
  store: Store,
  { key, bytes }: Written,
  signal: AbortSignal,
): Promise<readonly Trial[]> {
  const whole = await collect(await store.get(key, null, signal), bytes.length);
  const range = { start: 10, end: 20 };
  const part = await collect(await store.get(key, range, signal), bytes.length);
  const isSame = Buffer.compare(whole, bytes) === 0;
  if (isSame && Buffer.compare(part, bytes.subarray(range.start, range.end)) === 0)
    return [{ name: "read", state: "ok", what: "can be read, whole and in parts" }];
  const what = `gives out other bytes than were stored${isSame ? ", if asked for a part" : ""}`;
  return [{ name: "read", state: "fail", what }];
}

async function list(
  store: Store,
  { key, isThere, now, beganAt }: { key: string; isThere: boolean; now: () => Date; beganAt: Date },
  signal: AbortSignal,
): Promise<readonly Trial[]> {
  const { objects } = await store.list(PROBES, signal);
  const found = objects.find((object) => object.key === key);
  if (found !== undefined)
    return [
      { name: "list", state: "ok", what: "can be listed" },
      judgeClock({ stored: found.modifiedAt, before: beganAt, after: now() }),
    ];
  if (!isThere) return [{ name: "list", state: "ok", what: "can be listed" }];
  const what =
    "does not list an object as soon as it is stored: runs that follow one another soon may not see each other";
  return [{ name: "list", state: "warn", what }];
}

function judgeClock(told: ToldTime): Trial {
  const name = "clock";
  const { offMs, what } = compareClocks(told);
  if (offMs <= CLOCK_ADVISED_MS) return { name, state: "ok", what: "its clock and this host's agree" };
  return { name, state: "warn", what, hint: "set it: timedatectl set-ntp true" };
}

/**
 * Removes the probes that lie there since a week, of whichever host: those of hosts that may not delete stay.
 *
 * @returns how many.
 * @throws {DbackedError} `store`
 */
export async function removeProbes(store: Store, signal: AbortSignal): Promise<number> {
  const { objects, now } = await store.list(PROBES, signal);
  const old = objects.filter(({ modifiedAt }) => now.getTime() - modifiedAt.getTime() > KEPT_MS);
  await store.remove(
    old.map(({ key }) => key),
    signal,
  );
  return old.length;
}
