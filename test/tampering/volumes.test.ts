// Volumes that are exchanged, removed, added or changed where they lie: nothing but the genuine dump comes out, or nothing at all.
import { Database as Connection } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { type Bytes, collect } from "../../src/base/bytes.ts";
import type { DbackedError } from "../../src/base/error.ts";
import { type Backup, listBackups } from "../../src/catalog/list.ts";
import { envelopeKey } from "../../src/catalog/name.ts";
import { unsealSource } from "../../src/job/open.ts";
import { noteVerifier } from "../../src/job/trust.ts";
import { verifyBackup } from "../../src/job/verify.ts";
import { volumeKey } from "../../src/store/key.ts";
import { findVolumes, volumeSource } from "../../src/store/volumes.ts";
import { OPENER, trusting } from "../job/plan.ts";
import { makeSite, never, type Site } from "../job/site.ts";
import { SpoiltStore } from "../job/spoilt-store.ts";
import { signer } from "../seal/sample.ts";
import { flipped } from "./mutant.ts";
import { Random } from "./random.ts";

const ROUNDS = 150;
const random = new Random(5);

const trusted = trusting(signer);
let site: Site;
let backup: Backup;
let dump: Bytes;
/** Volumes of `backup`, and of two others: of the same set, and of another one. */
let mine: readonly Bytes[];
let its: readonly (readonly Bytes[])[];

beforeAll(async () => {
  site = await makeSite();
  using connection = new Connection(site.path);
  connection.run("CREATE TABLE noise AS SELECT randomblob(20000) AS data");
  const store = new SpoiltStore(site.storeFolder, async () => {}, { volumes: true });
  backup = await site.backUp({ store });
  const others = [await site.backUp({ store }), await site.backUp({ store, set: "mail" })];
  mine = await volumesOf(backup);
  its = await Promise.all(others.map(volumesOf));
  dump = await openAs(backup.manifest.volumes, backup.manifest);
  expect(mine.length).toBeGreaterThan(5);
});

afterAll(async () => await site[Symbol.asyncDispose]());

const fileOf = ({ name }: Backup, number: number) =>
  join(site.storeFolder, volumeKey(envelopeKey(name), number));

async function volumesOf(of: Backup): Promise<readonly Bytes[]> {
  return await Promise.all(of.manifest.volumes.map((_, number) => Bun.file(fileOf(of, number)).bytes()));
}

async function openAs(volumes: readonly number[], manifest: Backup["manifest"] | null): Promise<Bytes> {
  const source = volumeSource(site.store, envelopeKey(backup.name), volumes);
  const unsealed = await unsealSource({ source, manifest, storedAt: null }, OPENER, never);
  return await collect(await unsealed.read({ verifyFirst: true, decompressed: true }, never), 10 ** 6);
}

/** Puts these in the place of the volumes of `backup`. */
async function store(volumes: readonly (Bytes | null)[]): Promise<void> {
  for (let number = 0; number <= mine.length; number += 1)
    await Bun.file(fileOf(backup, number))
      .delete()
      .catch(() => {});
  for (const [number, bytes] of volumes.entries())
    if (bytes !== null) await Bun.write(fileOf(backup, number), bytes);
}

/** One thing that somebody does to the volumes. */
function tamper(): readonly (Bytes | null)[] {
  const [at, other] = [random.below(mine.length), random.below(mine.length)];
  const by = random.pick(its);
  const [one, two, his] = [mine[at] ?? null, mine[other] ?? null, by[at] ?? null];
  return random.pick<() => readonly (Bytes | null)[]>([
    () => mine.with(at, his as Bytes),
    () => mine.with(at, two as Bytes).with(other, one as Bytes),
    () => by.with(at, one as Bytes),
    () => [...mine.slice(0, at), null, ...mine.slice(at + 1)],
    () => mine.toSpliced(at, 1),
    () => mine.with(at, (one as Bytes).slice(0, random.below(3000))),
    () =>
      mine.with(
        at,
        new Uint8Array(flipped(Buffer.from(one as Bytes), random.below((one as Bytes).length * 8))),
      ),
    () => mine.toSpliced(at, 0, one as Bytes).slice(0, mine.length),
  ])();
}

const isSame = (volumes: readonly (Bytes | null)[]) =>
  volumes.length === mine.length &&
  volumes.every((bytes, at) => bytes !== null && Buffer.compare(bytes, mine[at] ?? bytes) === 0);

const refusal = { kind: expect.stringMatching(/^(damaged|key|store)$/) };

test("volumes that were tampered with are refused, with their manifest and without, and nothing comes out", async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const changed = tamper();
    if (isSame(changed)) continue;
    await store(changed);
    expect(openAs(backup.manifest.volumes, backup.manifest)).rejects.toMatchObject(refusal);
    const found = findVolumes(site.store, envelopeKey(backup.name), never);
    expect(found.then((sizes) => openAs(sizes, null))).rejects.toMatchObject(refusal);
    const plan = { store: site.store, backup, trusted, opener: null, engine: null, signer: null };
    const verdict = await verifyBackup({ ...plan, now: () => new Date(), progress: { bytes: 0 } }, never);
    expect(verdict).toMatchObject({ extent: null, failure: refusal });
  }
  await store(mine);
  expect(await openAs(backup.manifest.volumes, backup.manifest)).toEqual(dump);
});

test("what is more than the manifest names is nobody's, and without a manifest the envelope is refused", async () => {
  await store(mine);
  for (const more of [its[0]?.at(-1), mine.at(-1), new Uint8Array(1), new Uint8Array(0)]) {
    await store([...mine, more ?? new Uint8Array(7)]);
    expect(await openAs(backup.manifest.volumes, backup.manifest)).toEqual(dump);
    const { backups } = await listBackups(
      site.store,
      "shop",
      noteVerifier(site.store, trusted, never),
      never,
    );
    expect(backups.map(({ doubt }) => doubt)).toEqual([null, null]);
    const sizes = await findVolumes(site.store, envelopeKey(backup.name), never);
    expect(sizes).toHaveLength(mine.length + 1);
    const opened = await openAs(sizes, null).catch(({ kind }: DbackedError) => kind);
    expect(opened).toEqual(more?.length === 0 ? dump : "damaged");
  }
  // The manifest says how much of each volume is to be read.
  await store(mine.with(2, new Uint8Array([...(mine[2] ?? []), 0])));
  expect(await openAs(backup.manifest.volumes, backup.manifest)).toEqual(dump);
  const { backups } = await listBackups(site.store, "shop", noteVerifier(site.store, trusted, never), never);
  expect(backups.map(({ doubt }) => doubt)).toEqual([null, expect.stringContaining("not whole")]);
});
