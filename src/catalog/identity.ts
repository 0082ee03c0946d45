import { z } from "zod";
import { type Bytes, collect, utf8 } from "../base/bytes.ts";
import { DbackedError, reasonOf } from "../base/error.ts";
import { NotFound, Unreadable, type Store } from "../store/store.ts";

/** Bytes; an identity has about 150, and signed 700. */
const IDENTITY_LIMIT = 4096;

const identitySchema = z.object({ id: z.uuid(), source: z.string().regex(/^[0-9a-f]{64}$/) });

/** Whose set it is. */
export type SetIdentity = z.infer<typeof identitySchema>;

/** The DSSE payload type of an identity by which a set is taken over. */
export const IDENTITY_TYPE = "application/vnd.dbacked.identity+json";

/** An identity that takes a set over from the one before. It is signed, with its place, so that it cannot be copied to another. */
const takeoverSchema = identitySchema.extend({ set: z.string(), generation: z.int() });

export interface Claim {
  set: string;
  /** What tells this source from another; only its digest is stored. */
  source: string;
  /** The UUID of a set that is new here and is kept elsewhere too. @default a new one */
  id?: string | undefined;
  /** Takes the set over, if it belongs to another source. */
  adopt: boolean;
  sign: (payload: Bytes) => Promise<Bytes>;
  /** Gives what a signer signed that is trusted for that time. @throws {DbackedError} `key` or `damaged`, if none did. */
  verify: (note: Bytes, storedAt: Date) => Promise<Bytes>;
}

/**
 * Makes the set ours if nobody has it, else checks that its backups come from the same source: two hosts that share
 * a name would take each other's backups for their own. The identity is `<set>/identity`, created once; taking a set
 * over creates `<set>/identity.2` and so on, since nothing is ever overwritten, and the last one that a trusted signer has
 * signed is the one that holds. Whoever may write can plant others, which count for nothing.
 *
 * @throws {DbackedError} `config`, if the set belongs to another source and is not adopted; `damaged`, if that cannot be told.
 */
export async function claimSet(store: Store, claim: Claim, signal: AbortSignal): Promise<SetIdentity> {
  const generations = await listGenerations(store, claim.set, signal);
  const holder = await findHolder(store, generations, claim, signal);
  if (holder !== null && isOf(holder, claim.source)) return holder;
  if (holder !== null && !claim.adopt) throw taken(store, claim.set);
  const generation = (generations.at(-1)?.generation ?? 0) + 1;
  const id = holder?.id ?? claim.id ?? crypto.randomUUID();
  return await takeSet(store, { ...claim, generation, id }, signal);
}

/**
 * Says what {@link claimSet} would find, and changes nothing: whether the set is this source's already, or nobody's yet.
 *
 * @throws {DbackedError} as claimSet does, if the set belongs to another source.
 */
export async function lookAtSet(
  store: Store,
  claim: Pick<Claim, "set" | "source" | "verify">,
  signal: AbortSignal,
): Promise<"ours" | "free"> {
  const generations = await listGenerations(store, claim.set, signal);
  const holder = await findHolder(store, generations, { ...claim, adopt: false }, signal);
  if (holder === null) return "free";
  if (isOf(holder, claim.source)) return "ours";
  throw taken(store, claim.set);
}

interface Generation {
  key: string;
  /** From 1. */
  generation: number;
  storedAt: Date;
}

/** The set's own UUID stays when another source takes it over: it is still the same set. */
async function takeSet(
  store: Store,
  claim: Claim & { generation: number; id: string },
  signal: AbortSignal,
): Promise<SetIdentity> {
  const { set, source, generation, id } = claim;
  const identity: SetIdentity = { id, source: digestSource(id, source) };
  const bytes =
    generation === 1
      ? utf8(JSON.stringify(identity))
      : await claim.sign(utf8(JSON.stringify({ ...identity, set, generation })));
  const outcome = await store.create(identityKey(set, generation), bytes, signal);
  if (outcome === "created") return identity;
  const holder = await findHolder(store, await listGenerations(store, set, signal), claim, signal);
  if (holder !== null && isOf(holder, source)) return holder;
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
    .map(({ key, modifiedAt: storedAt }) => ({
      key,
      generation: key === prefix ? 1 : Number(key.slice(prefix.length + 1)),
      storedAt,
    }))
    .filter(({ key, generation }) => Number.isSafeInteger(generation) && key === identityKey(set, generation))
    .toSorted((a, b) => a.generation - b.generation);
  const first = all[0]?.generation ?? 1;
  return all.filter(({ generation }, at) => generation === first + at);
}

/**
 * The newest identity that holds; null if there is none. The first one is nobody's word but that of whoever came first: if
 * it is broken, only adopting helps.
 */
async function findHolder(
  store: Store,
  generations: readonly Generation[],
  claim: Pick<Claim, "set" | "adopt" | "verify">,
  signal: AbortSignal,
): Promise<SetIdentity | null> {
  for (const place of generations.toReversed()) {
    try {
      return await readIdentity(store, place, claim, signal);
    } catch (error) {
      if (!isOfOneObject(error) || (place.generation === 1 && !claim.adopt)) throw error;
    }
  }
  return null;
}

function isOfOneObject(error: unknown): boolean {
  if (error instanceof NotFound || error instanceof Unreadable) return true;
  return error instanceof DbackedError && (error.kind === "damaged" || error.kind === "key");
}

async function readIdentity(
  store: Store,
  { key, generation, storedAt }: Generation,
  { set, verify }: Pick<Claim, "set" | "verify">,
  signal: AbortSignal,
): Promise<SetIdentity> {
  const content = await store.get(key, null, signal);
  try {
    const bytes = await collect(content, IDENTITY_LIMIT);
    if (generation === 1) return identitySchema.parse(parseJson(bytes));
    const { id, source, ...place } = takeoverSchema.parse(parseJson(await verify(bytes, storedAt)));
    if (place.set === set && place.generation === generation) return { id, source };
    throw new RangeError(`it is number ${place.generation} of "${place.set}"`);
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

function parseJson(bytes: Bytes): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}

function isOf({ id, source }: SetIdentity, wanted: string): boolean {
  return source === digestSource(id, wanted);
}

function digestSource(id: string, source: string): string {
  return new Bun.CryptoHasher("sha256").update(`${id}\n${source}`).digest("hex");
}
