import { z } from "zod";
import { collect, utf8 } from "../base/bytes.ts";
import { DbackedError, reasonOf } from "../base/error.ts";
import { NotFound, Unreadable, type Store } from "../store/store.ts";

/** Bytes; an identity has about 150. */
const IDENTITY_LIMIT = 4096;

const identitySchema = z.object({ id: z.uuid(), source: z.string().regex(/^[0-9a-f]{64}$/) });

/** Whose set it is. */
export type SetIdentity = z.infer<typeof identitySchema>;

export interface Claim {
  set: string;
  /** What tells this source from another; only its digest is stored. */
  source: string;
  /** Takes the set over, if it belongs to another source. */
  adopt: boolean;
}

/**
 * Makes the set ours if nobody has it, else checks that its backups come from the same source: two hosts that share
 * a name would take each other's backups for their own. The identity is `<set>/identity`, created once; taking a set
 * over creates `<set>/identity.2` and so on, since nothing is ever overwritten, and the last one is the one that holds.
 * Whoever may write can put junk there, so that adopting goes on after the last one whatever it holds.
 *
 * @throws {DbackedError} `config`, if the set belongs to another source and is not adopted; `damaged`, if that cannot be told.
 */
export async function claimSet(store: Store, claim: Claim, signal: AbortSignal): Promise<SetIdentity> {
  const generations = await listGenerations(store, claim.set, signal);
  const newest = generations.at(-1);
  if (newest !== undefined && !claim.adopt) {
    const identity = await readIdentity(store, newest.key, signal);
    if (isOf(identity, claim.source)) return identity;
    throw taken(store, claim.set);
  }
  const whole = await readNewestWhole(store, generations, signal);
  if (whole !== null && whole.key === newest?.key && isOf(whole.identity, claim.source))
    return whole.identity;
  const key = identityKey(claim.set, (newest?.generation ?? 0) + 1);
  return await takeSet(store, { ...claim, key, id: whole?.identity.id ?? crypto.randomUUID() }, signal);
}

interface Generation {
  key: string;
  /** From 1. */
  generation: number;
}

/** The set's own UUID stays when another source takes it over: it is still the same set. */
async function takeSet(
  store: Store,
  { set, source, key, id }: Claim & { key: string; id: string },
  signal: AbortSignal,
): Promise<SetIdentity> {
  const identity: SetIdentity = { id, source: digestSource(id, source) };
  const outcome = await store.create(key, utf8(JSON.stringify(identity)), signal);
  if (outcome === "created") return identity;
  const winner = await readIdentity(store, key, signal);
  if (isOf(winner, source)) return winner;
  throw taken(store, set);
}

function taken(store: Store, set: string): DbackedError {
  return new DbackedError(
    "config",
    `The set "${set}" in ${store.label} holds the backups of another database`,
    {
      hint: "give this database another name or, if it has moved to a new server, run once with --adopt",
    },
  );
}

function identityKey(set: string, generation: number): string {
  return generation === 1 ? `${set}/identity` : `${set}/identity.${generation}`;
}

/** In order, up to the first gap: else one that is planted at the highest number could not be followed by any. */
async function listGenerations(store: Store, set: string, signal: AbortSignal): Promise<Generation[]> {
  const prefix = identityKey(set, 1);
  const { objects } = await store.list(prefix, signal);
  const all = objects
    .map(({ key }) => ({ key, generation: key === prefix ? 1 : Number(key.slice(prefix.length + 1)) }))
    .filter(({ key, generation }) => Number.isSafeInteger(generation) && key === identityKey(set, generation))
    .toSorted((a, b) => a.generation - b.generation);
  const first = all[0]?.generation ?? 1;
  return all.filter(({ generation }, at) => generation === first + at);
}

/** The newest that is neither broken nor sealed against us; null if there is none. */
async function readNewestWhole(
  store: Store,
  generations: readonly Generation[],
  signal: AbortSignal,
): Promise<{ key: string; identity: SetIdentity } | null> {
  for (const { key } of generations.toReversed()) {
    try {
      return { key, identity: await readIdentity(store, key, signal) };
    } catch (error) {
      if (!isOfOneObject(error)) throw error;
    }
  }
  return null;
}

function isOfOneObject(error: unknown): boolean {
  if (error instanceof NotFound || error instanceof Unreadable) return true;
  return error instanceof DbackedError && error.kind === "damaged";
}

async function readIdentity(store: Store, key: string, signal: AbortSignal): Promise<SetIdentity> {
  const content = await store.get(key, null, signal);
  try {
    const bytes = await collect(content, IDENTITY_LIMIT);
    return identitySchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof DbackedError) throw cause;
    throw new DbackedError("damaged", `${store.label} holds a broken ${key}: ${whyBroken(cause)}`, {
      hint: "find out who wrote it; then run once with --adopt",
      cause,
    });
  }
}

function whyBroken(error: unknown): string {
  if (error instanceof SyntaxError) return "it is no JSON";
  return error instanceof z.ZodError ? "it does not say whose the set is" : reasonOf(error);
}

function isOf({ id, source }: SetIdentity, wanted: string): boolean {
  return source === digestSource(id, wanted);
}

function digestSource(id: string, source: string): string {
  return new Bun.CryptoHasher("sha256").update(`${id}\n${source}`).digest("hex");
}
