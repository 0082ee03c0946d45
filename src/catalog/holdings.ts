import type { Draft, Listing, StoredObject } from "../store/store.ts";
import { type BackupName, type Part, parsePartKey, PARTS } from "./name.ts";
import { type Leases, readLeases } from "./lease.ts";

/**
 * What was begun and never finished, or never cleared up. `envelope`: whole, maybe, and without the manifest that makes a
 * backup of it; `volumes`: without the first one; `remains`: proofs and sidecars of a backup that is gone; `draft`: a
 * temporary file, or an open upload; `leases`: of runs that are long over.
 */
export type UnfinishedKind = "envelope" | "volumes" | "remains" | "draft" | "leases";

/** One piece of unfinished work. */
export interface Unfinished {
  kind: UnfinishedKind;
  /** Of the envelope, or its first volume, if there is any; else of the first object. */
  key: string;
  /** In the order in which they are removed. */
  objects: readonly StoredObject[];
  /** Of one backup's volumes; none unless it is of that kind. */
  drafts: readonly Draft[];
  bytes: number;
  /** When something was last written to it, by the store's clock. */
  changedAt: Date;
}

/** Everything that lies under the name of a set. */
export interface Holdings {
  /** The objects of each manifest's backup, by its stem, in the order in which they are removed. */
  backups: ReadonlyMap<string, readonly StoredObject[]>;
  unfinished: readonly Unfinished[];
  /** Keys that nobody here has given: they are never touched. */
  foreign: readonly string[];
  /** Some run is under way, or may be. */
  isBusy: boolean;
}

const IDENTITY = /^[^/]+\/identity(?:\.\d+)?$/;

/** Sorts what a set holds: backups, unfinished work, and what is not ours. */
export function sortHoldings(set: string, { objects, now }: Listing, drafts: readonly Draft[]): Holdings {
  const { leases, others } = readLeases(set, objects, now);
  const backups = new Map<string, readonly StoredObject[]>();
  const unfinished: Unfinished[] = [];
  const parsed = others.map((object) => ({ object, part: parsePartKey(object.key) }));
  const parts = parsed.flatMap(({ object, part }) => (part === null ? [] : { object, ...part }));
  for (const [stem, group] of Map.groupBy(parts, ({ name }) => name.stem)) {
    const ordered = group.toSorted(byPart);
    if (ordered[0]?.part === "manifest")
      backups.set(
        stem,
        ordered.map(({ object }) => object),
      );
    else unfinished.push(orphan(ordered));
  }
  const [own, strange] = splitDrafts(set, drafts);
  const drafted = Map.groupBy(own, ({ key }) => parsePartKey(key)?.name.stem ?? key);
  unfinished.push(...[...drafted.values()].map(ofDrafts), ...ofLeases(leases));
  const foreign = parsed.flatMap(({ object: { key }, part }) =>
    part === null && !IDENTITY.test(key) ? key : [],
  );
  return { backups, unfinished, foreign: [...foreign, ...strange], isBusy: leases.isAlive };
}

/** The sets that objects and drafts belong to, whether there are backups in them or not. */
export function setsOf(keys: readonly { key: string }[]): readonly string[] {
  const sets = keys.flatMap(({ key }) => {
    const at = key.indexOf("/");
    const isOurs = parsePartKey(key) !== null || IDENTITY.test(key);
    return at > 0 && isOurs ? key.slice(0, at) : [];
  });
  return [...new Set(sets)].toSorted();
}

type Piece = Part & { object: StoredObject };

function byPart(one: Piece, other: Piece): number {
  return PARTS.indexOf(one.part) - PARTS.indexOf(other.part) || (one.object.key < other.object.key ? -1 : 1);
}

function orphan(pieces: readonly Piece[]): Unfinished {
  const has = (part: Part["part"]) => pieces.some((piece) => piece.part === part);
  const kind = has("envelope") ? "envelope" : has("volume") ? "volumes" : "remains";
  const shown =
    pieces.find(({ part }) => part === (kind === "envelope" ? "envelope" : "volume")) ?? pieces[0];
  return ofObjects(
    kind,
    pieces.map(({ object }) => object),
    shown?.object,
  );
}

function ofObjects(
  kind: UnfinishedKind,
  objects: readonly StoredObject[],
  shown: StoredObject | undefined = objects[0],
): Unfinished {
  return {
    kind,
    key: shown?.key ?? "",
    objects,
    drafts: [],
    ...extentOf(objects),
  };
}

/** The first volume of a long dump may have been finished for days while the next ones are written. */
function ofDrafts(drafts: readonly Draft[]): Unfinished {
  const keys = drafts.map(({ key }) => key).toSorted();
  return { kind: "draft", key: keys[0] ?? "", objects: [], drafts, ...extentOf(drafts) };
}

function extentOf(
  pieces: readonly Pick<StoredObject, "size" | "modifiedAt">[],
): Pick<Unfinished, "bytes" | "changedAt"> {
  return {
    bytes: pieces.reduce((sum, { size }) => sum + size, 0),
    changedAt: new Date(Math.max(...pieces.map(({ modifiedAt }) => modifiedAt.getTime()))),
  };
}

function ofLeases({ over }: Leases): Unfinished[] {
  return over.length === 0 ? [] : [ofObjects("leases", over)];
}

/** An open upload of a key that is none of ours is somebody else's; a temporary file has a name that only we give. */
function splitDrafts(set: string, drafts: readonly Draft[]): [Draft[], string[]] {
  const isOurs = ({ key, id }: Draft) => {
    const part: { name: BackupName } | null = parsePartKey(key);
    return key === id || part?.name.set === set || key.startsWith(`${set}/lease/`);
  };
  return [drafts.filter(isOurs), drafts.filter((draft) => !isOurs(draft)).map(({ key }) => key)];
}
