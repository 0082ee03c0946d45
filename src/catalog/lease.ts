import type { StoredObject } from "../store/store.ts";

/** A lease is alive for so long after its last sign, unless it was given back. */
const ALIVE_MS = 2 * 24 * 60 * 60 * 1000;

/** Those that have ended stay for so long, for whoever looks into what happened. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/** What is under `<set>/lease/`. */
export interface Leases {
  /** Some run is under way, or may be. */
  isAlive: boolean;
  /** The objects of leases that ended long ago, or whose holder is gone. The last one stays, and shows when somebody was here. */
  over: readonly StoredObject[];
}

/** `<n>` takes a lease, `<n>.<k>` is a sign of life, `<n>.end` gives it back. */
const OBJECT = /^(?<lease>\d+)(?:\.(?<sign>\d+|end))?$/;

/** Tells the leases of a set from its other objects. One whose name is strange may be alive, and is nobody's to remove. */
export function readLeases(
  set: string,
  objects: readonly StoredObject[],
  now: Date,
): { leases: Leases; others: readonly StoredObject[] } {
  const prefix = `${set}/lease/`;
  const nameOf = ({ key }: StoredObject) => OBJECT.exec(key.slice(prefix.length))?.groups;
  const inside = objects.filter(({ key }) => key.startsWith(prefix));
  const known = inside.filter((object) => nameOf(object) !== undefined);
  const groups = Map.groupBy(inside, (object) => nameOf(object)?.["lease"] ?? object.key);
  const alive = new Set([...groups].filter(([, group]) => isAlive(group, now)).map(([lease]) => lease));
  const young = new Set(
    [...groups].filter(([, group]) => isWithin(KEPT_MS, group, now)).map(([lease]) => lease),
  );
  const newest = known
    .map((object) => nameOf(object)?.["lease"] ?? "")
    .toSorted(byNumber)
    .at(-1);
  const over = known.filter((object) => {
    const lease = nameOf(object)?.["lease"] ?? "";
    return lease !== newest && !young.has(lease);
  });
  const own = new Set(known);
  const others = objects.filter((object) => !own.has(object));
  return { leases: { isAlive: alive.size > 0, over }, others };
}

function isAlive(group: readonly StoredObject[], now: Date): boolean {
  if (group.some(({ key }) => key.endsWith(".end"))) return false;
  return isWithin(ALIVE_MS, group, now);
}

function isWithin(ms: number, group: readonly StoredObject[], now: Date): boolean {
  return group.some(({ modifiedAt }) => now.getTime() - modifiedAt.getTime() < ms);
}

/** Numbers of any length. */
function byNumber(one: string, other: string): number {
  return Number(BigInt(one) - BigInt(other));
}
