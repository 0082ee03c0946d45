import { expect, test } from "bun:test";
import { readdir, rm } from "node:fs/promises";
import { type Bytes, collect } from "../../src/base/bytes.ts";
import { DbackedError } from "../../src/base/error.ts";
import { type Backup, findNewest, listBackups } from "../../src/catalog/list.ts";
import { envelopeKey } from "../../src/catalog/name.ts";
import { parseProof, type Proof, PROOF_TYPE } from "../../src/catalog/proof.ts";
import { noteVerifier } from "../../src/job/trust.ts";
import { verifyNote } from "../../src/seal/note.ts";
import type { Store } from "../../src/store/store.ts";
import { failureOf } from "../conformance/sample.ts";
import { signer } from "../seal/sample.ts";
import { trusting } from "./plan.ts";
import { makeSite, never, type Site } from "./site.ts";
import { flip, type Harm, HARMS, replaceBy, SpoiltStore, WriteOnlyStore } from "./spoilt-store.ts";

const at = (iso: string) => ({ now: () => new Date(iso) });
const OLDER = at("2026-11-21T02:00:00Z");

async function list({ store }: { store: Store }): Promise<readonly Backup[]> {
  const verify = noteVerifier(store, trusting(signer), never);
  return (await listBackups(store, "shop", verify, never)).backups;
}

/** Every proof in the store, its signature verified. */
async function proofsIn({ store }: { store: Store }): Promise<Proof[]> {
  const { objects } = await store.list("shop/", never);
  const keys = objects.map(({ key }) => key).filter((key) => key.includes(".proof-"));
  return await Promise.all(
    keys.map(async (key) => {
      const note = await collect(await store.get(key, null, never), 100_000);
      const { payload } = await verifyNote(note, PROOF_TYPE, [signer.publicKey]);
      const stem = key.slice(0, key.indexOf(".proof-"));
      return parseProof(payload, { stem, set: "shop", id: stem.slice(-32) });
    }),
  );
}

test("backUp() reads back what it stored, and proves it", async () => {
  await using site = await makeSite();
  const { name, manifest, proofs } = await site.backUp();
  expect(proofs).toMatchObject({ readBackAt: expect.any(String), sampledAt: null, unreadableAt: null });
  expect(await proofsIn(site)).toEqual([
    {
      backup: name.id,
      core: manifest.core,
      kind: "read-back",
      at: proofs.readBackAt ?? "",
      ok: true,
      bytes: manifest.bytes,
      extent: "opened",
      durationMs: expect.any(Number),
      findings: [],
    },
  ]);
  expect(await list(site)).toMatchObject([{ doubt: null, proofs }]);
});

test("backUp() reads back volumes", async () => {
  await using site = await makeSite();
  const store = new SpoiltStore(site.storeFolder, async () => {}, { volumes: true });
  await fill(site, 20_000);
  const { manifest, proofs } = await site.backUp({ store });
  expect(manifest.volumes.length).toBeGreaterThan(2);
  expect(proofs.readBackAt).not.toBeNull();
});

test("backUp() reads nothing back if it is told so", async () => {
  await using site = await makeSite();
  const { proofs } = await site.backUp({ readBack: "off" });
  expect(Object.values(proofs)).toEqual([null, null, null, null, null, null]);
  expect(await proofsIn(site)).toEqual([]);
  expect(await list(site)).toMatchObject([{ doubt: null }]);
});

/** Adds so many random bytes to the database. */
async function fill({ path }: Site, bytes: number): Promise<void> {
  const { Database: Connection } = await import("bun:sqlite");
  using connection = new Connection(path);
  connection.run("CREATE TABLE noise AS SELECT randomblob(?) AS noise", [bytes]);
}

const MIB = 1024 * 1024;

test("backUp() samples a long backup, and says of the proof that it is one", async () => {
  await using site = await makeSite();
  await fill(site, 20 * MIB);
  const { manifest, proofs } = await site.backUp({ readBack: "sample" });
  expect(proofs).toMatchObject({ readBackAt: null, sampledAt: expect.any(String) });
  const [proof] = await proofsIn(site);
  expect(proof).toMatchObject({ ok: true, extent: "sample" });
  expect(proof?.bytes).toBeLessThan(manifest.bytes);
  expect(proof?.bytes).toBeGreaterThan(15 * MIB);
  expect(await list(site)).toMatchObject([{ doubt: null, proofs }]);
});

test("backUp() reads a short backup as a whole where a sample would do", async () => {
  await using site = await makeSite();
  expect((await site.backUp({ readBack: "sample" })).proofs.readBackAt).not.toBeNull();
});

test.each([
  ["in its first segment", flip(5000)],
  ["in its last segment", flip(-300)],
  ["in its trailer", flip(-50)],
])("a sample finds damage %s", async (_, harm) => {
  await using site = await makeSite();
  await fill(site, 17 * MIB);
  const store = new SpoiltStore(site.storeFolder, harm);
  expect(await failureOf(site.backUp({ store, readBack: "sample" }))).toMatchObject({ kind: "damaged" });
});

async function expectCondemned(site: Site, harm: Harm, code: string, volumes = false): Promise<void> {
  const older = await site.backUp(OLDER);
  const before = await readdir(`${site.storeFolder}/shop`);
  const store = new SpoiltStore(site.storeFolder, harm, { volumes });
  const failure = await failureOf(site.backUp({ ...at("2026-11-22T02:00:00Z"), store }));
  expect(failure).toBeInstanceOf(DbackedError);
  expect(failure).toMatchObject({
    kind: "damaged",
    message: expect.stringMatching(/^Backup [0-9a-f]{32} does not read back from \/.* as it was sealed: /),
    hint: expect.stringContaining("does not count"),
  });
  const [, proof] = (await proofsIn(site)).toSorted((one, other) => (one.at < other.at ? -1 : 1));
  expect(proof).toMatchObject({ kind: "read-back", ok: false, findings: [{ code }] });
  expect(await readdir(`${site.storeFolder}/shop`)).toEqual(expect.arrayContaining(before));
  const verify = noteVerifier(site.store, trusting(signer), never);
  expect((await findNewest(site.store, "shop", verify, never))?.name).toEqual(older.name);
  expect((await list(site)).filter(({ doubt }) => doubt === null)).toMatchObject([{ name: older.name }]);
}

test.each(HARMS)("a backup does not count when, once it is stored, %s", async (_, harm, code) => {
  await using site = await makeSite();
  await expectCondemned(site, harm, code);
});

test("a backup does not count when another's envelope is put in its place", async () => {
  await using site = await makeSite();
  await using other = await makeSite();
  const { name } = await other.backUp();
  await expectCondemned(site, replaceBy(`${other.storeFolder}/${envelopeKey(name)}`), "size");
});

test("a backup does not count when a volume of it is gone", async () => {
  await using site = await makeSite();
  await fill(site, 20_000);
  await expectCondemned(site, async (file) => await rm(`${file}.0002`), "missing", true);
});

test("a damaged segment's proof says where it is", async () => {
  await using site = await makeSite();
  await fill(site, 3 * MIB);
  const store = new SpoiltStore(site.storeFolder, flip(-500));
  await failureOf(site.backUp({ store }));
  const [proof] = await proofsIn(site);
  const { headerBytes, segments } = (await list(site))[0]?.manifest ?? { headerBytes: 0, segments: 0 };
  const offset = headerBytes + (segments - 1) * (MIB + 16);
  expect(proof?.findings).toEqual([{ code: "segment", offset }]);
});

test("a backup that its host may not read counts, and is never called proved", async () => {
  await using site = await makeSite();
  const told: string[] = [];
  const store = new WriteOnlyStore({ path: site.storeFolder });
  const { proofs } = await site.backUp({ store, tellUnread: ({ message }) => told.push(message) });
  expect(told).toEqual([expect.stringContaining("access denied")]);
  expect(proofs).toMatchObject({ readBackAt: null, sampledAt: null, unreadableAt: expect.any(String) });
  expect(await proofsIn(site)).toMatchObject([{ ok: null, findings: [{ code: "unreadable" }] }]);
  expect(await list(site)).toMatchObject([{ doubt: null, proofs }]);
});

test("a store that fails while it is read from fails the run, and says nothing against the backup", async () => {
  await using site = await makeSite();
  class Failing extends SpoiltStore {
    override async get(key: string): Promise<never> {
      throw new DbackedError("store", `Cannot read ${key}: nobody listens`, { hint: "check endpoint" });
    }
  }
  const store = new Failing(site.storeFolder, async () => {});
  const failure = await failureOf(site.backUp({ store }));
  expect(failure).toMatchObject({
    kind: "store",
    message: expect.stringMatching(/is stored in .*, and is not proved: Cannot read .*: nobody listens/),
    hint: expect.stringMatching(
      /^check endpoint\nonce the store works, prove it by: dbacked verify [0-9a-f]{12}$/,
    ),
  });
  expect(await proofsIn(site)).toEqual([]);
  expect(await list(site)).toMatchObject([{ doubt: null }]);
});

test("a backup that is stopped while it is read back says nothing against it", async () => {
  await using site = await makeSite();
  const stop = new AbortController();
  const store = new SpoiltStore(site.storeFolder, async () => stop.abort(new Error("stop")));
  const { backUp } = await import("./plan.ts");
  expect(await failureOf(backUp({ ...site.plan, store }, stop.signal))).toMatchObject({ message: "stop" });
  expect(await proofsIn(site)).toEqual([]);
});

test("a store that lists late is believed when it is asked for the object itself", async () => {
  await using site = await makeSite();
  class Late extends SpoiltStore {
    override async list(prefix: string, signal: AbortSignal) {
      const { objects, now } = await super.list(prefix, signal);
      return { objects: objects.filter(({ key }) => !key.includes(".dbk")), now };
    }
  }
  const store = new Late(site.storeFolder, async () => {}, { volumes: true });
  await fill(site, 20_000);
  expect((await site.backUp({ store })).proofs.readBackAt).not.toBeNull();
});

test("a failure that cannot be recorded is told as one that still counts", async () => {
  await using site = await makeSite();
  class Full extends SpoiltStore {
    override async create(key: string, bytes: Bytes, signal: AbortSignal) {
      if (key.includes(".proof-")) throw new DbackedError("store", "the disk is full");
      return await super.create(key, bytes, signal);
    }
  }
  const failure = await failureOf(site.backUp({ store: new Full(site.storeFolder, flip(-100)) }));
  expect(failure).toMatchObject({
    kind: "damaged",
    hint: expect.stringContaining("it still counts, since this cannot be recorded (the disk is full)"),
  });
});
