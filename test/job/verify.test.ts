import { Database as Connection } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Bytes, collect, streamOf, utf8 } from "../../src/base/bytes.ts";
import { encodeManifest, MANIFEST_TYPE, type Manifest } from "../../src/catalog/manifest.ts";
import { type Backup, listBackups } from "../../src/catalog/list.ts";
import { envelopeKey, manifestKey, nameBackup } from "../../src/catalog/name.ts";
import type { Opener } from "../../src/job/open.ts";
import { noteVerifier } from "../../src/job/trust.ts";
import { type Verdict, verifyBackup, verifyBackups, type VerifyPlan } from "../../src/job/verify.ts";
import { readIdentity } from "../../src/seal/key.ts";
import { signNote } from "../../src/seal/note.ts";
import { seal } from "../../src/seal/seal.ts";
import { generateSigner, readSigner } from "../../src/seal/signer.ts";
import { failureOf } from "../conformance/sample.ts";
import {
  identity,
  makePair,
  metadata,
  recipient,
  sealedMetadata,
  signer,
  summaryOf,
} from "../seal/sample.ts";
import { OPENER as USUAL, trusting } from "./plan.ts";
import { makeSite, never, type Site } from "./site.ts";
import { flip, HARMS, SpoiltStore } from "./spoilt-store.ts";

const witness = await readSigner((await generateSigner()).pem);
const stranger = await readSigner((await generateSigner()).pem);
const trusted = trusting(signer, witness);

const OPENER: Opener = { ...USUAL, trusted };

function planOf({ store, folder }: Site, backup: Backup, more: Partial<VerifyPlan> = {}): VerifyPlan {
  return {
    store,
    backup,
    trusted,
    opener: null,
    engine: { databaseToolsDirectory: undefined, spoolDirectory: folder },
    signer: witness,
    now: () => new Date(),
    progress: { bytes: 0 },
    ...more,
  };
}

async function listed({ store }: Site): Promise<Backup | undefined> {
  return (await listBackups(store, "shop", noteVerifier(store, trusted, never), never)).backups[0];
}

test("verifyBackup() proves every byte without a private key", async () => {
  await using site = await makeSite();
  const backup = await site.backUp({ readBack: "off" });
  const progress = { bytes: 0 };
  const verdict = await verifyBackup(planOf(site, backup, { progress }), never);
  expect(verdict).toMatchObject({ extent: "sealed", readBy: null, failure: null, recorded: "verify" });
  expect(progress.bytes).toBe(backup.manifest.bytes);
  const { doubt, proofs } = (await listed(site)) ?? {};
  expect(doubt).toBeNull();
  expect(proofs).toMatchObject({ verifiedAt: expect.any(String), openedAt: null, readBackAt: null });
});

test("verifyBackup() opens it with one, and lets SQLite check the dump", async () => {
  await using site = await makeSite();
  const backup = await site.backUp({ readBack: "off" });
  const before = await readdir(site.folder);
  const verdict = await verifyBackup(planOf(site, backup, { opener: OPENER }), never);
  expect(verdict).toMatchObject({ extent: "dump", readBy: expect.stringContaining("SQLite"), failure: null });
  expect((await listed(site))?.proofs.openedAt).not.toBeNull();
  expect(await readdir(site.folder)).toEqual(before);
});

test("verifyBackup() leaves the dump to its length and digest if it is told so", async () => {
  await using site = await makeSite();
  const backup = await site.backUp();
  const verdict = await verifyBackup(planOf(site, backup, { opener: OPENER, engine: null }), never);
  expect(verdict).toMatchObject({ extent: "opened", readBy: null });
  expect((await listed(site))?.proofs).toMatchObject({ verifiedAt: expect.any(String), openedAt: null });
});

test("what the host that made a backup says of it is another read-back", async () => {
  await using site = await makeSite();
  const backup = await site.backUp({ readBack: "off" });
  expect((await verifyBackup(planOf(site, backup, { signer }), never)).recorded).toBe("read-back");
  const { proofs } = (await listed(site)) ?? {};
  expect(proofs).toMatchObject({ readBackAt: expect.any(String), verifiedAt: null });
});

test("what nobody signs is not recorded", async () => {
  await using site = await makeSite();
  const backup = await site.backUp({ readBack: "off" });
  expect(await verifyBackup(planOf(site, backup, { signer: null }), never)).toMatchObject({
    extent: "sealed",
    recorded: null,
    unrecorded: null,
  });
  expect(Object.values((await listed(site))?.proofs ?? { none: "" })).not.toContain(expect.any(String));
});

test.each(
  HARMS.flatMap(([what, harm, code]) => [
    { what, harm, code, how: "without a private key", opener: null },
    { what, harm, code, how: "with one", opener: OPENER },
  ]),
)("verifyBackup() finds $how that $what", async ({ what, harm, code, opener }) => {
  await using site = await makeSite();
  const backup = await site.backUp({ readBack: "off" });
  const file = join(site.storeFolder, envelopeKey(backup.name));
  await harm(file, join(site.storeFolder, manifestKey(backup.name)));
  if (what.includes("manifest")) return expect(await listed(site)).toBeUndefined();
  const verdict = await verifyBackup(planOf(site, backup, { opener }), never);
  expect(verdict).toMatchObject({ extent: null, failure: { kind: "damaged" }, recorded: "verify" });
  const { objects } = await site.store.list("shop/", never);
  const proof = objects.find(({ key }) => key.includes(".proof-"))?.key ?? "";
  const note = (await Bun.file(join(site.storeFolder, proof)).json()) as { payload: string };
  // Without a key nobody knows which segment it is.
  const expected = opener === null && code === "segment" ? "chain" : code;
  expect(JSON.parse(atob(note.payload))).toMatchObject({ ok: false, findings: [{ code: expected }] });
  expect((await listed(site))?.doubt).toMatch(/failed its verify|not whole/);
});

test("verifyBackup() finds a volume that is gone, and a segment in a later one", async () => {
  await using site = await makeSite();
  using connection = new Connection(site.path);
  connection.run("CREATE TABLE noise AS SELECT randomblob(20000) AS noise");
  const store = new SpoiltStore(site.storeFolder, async () => {}, { volumes: true });
  const backup = await site.backUp({ store, readBack: "off" });
  const file = join(site.storeFolder, envelopeKey(backup.name));
  expect((await verifyBackup(planOf(site, backup), never)).failure).toBeNull();
  await flip(10)(`${file}.0003`, "");
  expect((await verifyBackup(planOf(site, backup, { signer: null }), never)).failure?.kind).toBe("damaged");
  await rm(`${file}.0002`);
  const verdict = await verifyBackup(planOf(site, backup, { signer: null }), never);
  expect(verdict.failure?.message).toContain(".0002 is missing");
});

test("volumes that the manifest does not name are nobody's", async () => {
  await using site = await makeSite();
  const backup = await site.backUp({ readBack: "off" });
  await Bun.write(join(site.storeFolder, `${envelopeKey(backup.name)}.0001`), "planted");
  expect((await verifyBackup(planOf(site, backup), never)).failure).toBeNull();
});

test("verifyBackup() says nothing of damage, and records nothing, when the key is another's", async () => {
  await using site = await makeSite();
  const backup = await site.backUp({ readBack: "off" });
  const identities = [await readIdentity(makePair().privatePem)];
  const verdict = await verifyBackup(planOf(site, backup, { opener: { ...OPENER, identities } }), never);
  expect(verdict).toMatchObject({ failure: { kind: "key" }, recorded: null });
  expect((await listed(site))?.doubt).toBeNull();
});

test("verifyBackup() refuses a signer whom nobody trusts, and records nothing", async () => {
  await using site = await makeSite();
  const backup = await site.backUp({ signer: stranger, trusted: trusting(stranger), readBack: "off" });
  for (const opener of [null, OPENER]) {
    const verdict = await verifyBackup(planOf(site, backup, { opener }), never);
    expect(verdict).toMatchObject({ failure: { kind: "key" }, recorded: null });
  }
});

test("a store that fails says nothing of damage", async () => {
  await using site = await makeSite();
  const backup = await site.backUp({ readBack: "off" });
  await rm(site.storeFolder, { recursive: true });
  const verdict = await verifyBackup(planOf(site, backup), never);
  expect(verdict).toMatchObject({ failure: { kind: "store" }, recorded: null });
});

test("a result that cannot be stored is still a result", async () => {
  await using site = await makeSite();
  const backup = await site.backUp({ readBack: "off" });
  class ReadOnly extends SpoiltStore {
    override async create(key: string): Promise<never> {
      const { DbackedError } = await import("../../src/base/error.ts");
      throw new DbackedError("store", `Cannot write ${key}: access denied`);
    }
  }
  const store = new ReadOnly(site.storeFolder, async () => {});
  const verdict = await verifyBackup(planOf(site, backup, { store }), never);
  expect(verdict).toMatchObject({ extent: "sealed", failure: null, recorded: null });
  expect(verdict.unrecorded?.message).toContain("access denied");
});

test("verifyBackups() verifies all, whatever happens to one", async () => {
  await using site = await makeSite();
  const backups: Backup[] = [];
  for (let made = 0; made < 5; made += 1) backups.push(await site.backUp({ readBack: "off" }));
  const [, second] = backups;
  await rm(join(site.storeFolder, envelopeKey(second?.name ?? { stem: "", set: "", id: "" })));
  const verdicts: Verdict[] = [];
  const plans = backups.map((backup) => planOf(site, backup));
  await verifyBackups(plans, 2, (_, verdict) => verdicts.push(verdict), never);
  expect(verdicts).toHaveLength(5);
  expect(verdicts.filter(({ failure }) => failure !== null)).toHaveLength(1);
});

test("verifyBackups() stops when it is told to, and records nothing more", async () => {
  await using site = await makeSite();
  const backup = await site.backUp({ readBack: "off" });
  const stop = AbortSignal.abort(new Error("stop"));
  const tell = () => {
    throw new Error("nothing is verified");
  };
  expect(await failureOf(verifyBackups([planOf(site, backup)], 1, tell, stop))).toMatchObject({
    message: "stop",
  });
});

/** Stores a backup whose dump is `dump`, whatever its kind. */
async function plant(site: Site, kind: string, dump: Bytes, version = "9.6"): Promise<Backup> {
  const takenAt = new Date("2026-11-22T02:00:00.000Z");
  const tool = { name: "any", version };
  await using sealing = await seal({
    metadata: { ...metadata, takenAt, dump: kind, compression: "none", tool },
    sealedMetadata,
    signer,
    recipients: [recipient],
  });
  const envelope = await collect(
    sealing.envelope(streamOf(dump), Promise.resolve(summaryOf(dump))),
    Infinity,
  );
  const name = nameBackup("shop", takenAt, sealing.id);
  await mkdir(join(site.storeFolder, "shop"), { recursive: true });
  await Bun.write(join(site.storeFolder, envelopeKey(name)), envelope);
  const { segments, chain, bytes } = await sealing.ended;
  const manifest: Manifest = {
    schema: 1,
    backup: sealing.id,
    core: sealing.core,
    signer: signer.publicKey.toBase64(),
    headerBytes: sealing.headerBytes,
    header: sealing.header,
    set: "shop",
    engine: "postgres",
    takenAt: takenAt.toISOString(),
    finishedAt: takenAt.toISOString(),
    dump: kind,
    compression: "none",
    tool,
    volumes: [bytes],
    bytes,
    segments,
    chain,
    dumpBytes: dump.length,
    tables: null,
    rows: null,
    complete: true,
    narrowed: [],
    consistent: "snapshot",
    seq: 1,
    prev: null,
    recipients: [identity.fingerprint],
    version: "0.0.0",
    sealed: "",
  };
  await site.store.create(
    manifestKey(name),
    await signNote(MANIFEST_TYPE, encodeManifest(manifest), signer),
    never,
  );
  const found = await listed(site);
  if (found === undefined) throw new Error("the backup is not listed");
  return found;
}

test.each([
  ["sql", "CREATE TABLE a (b int);\n-- Dump completed on 2026-11-22  2:00:00\n", true],
  ["sql", "CREATE TABLE a (b int);\n", false],
  ["pg-globals", "CREATE ROLE a;\n\n--\n-- PostgreSQL database cluster dump complete\n--\n\n", true],
  ["pg-globals", "CREATE ROLE a;\n", false],
  ["mongo-archive", "no archive at all", false],
  [
    "sqlite",
    "no database at all, and long enough that SQLite reads all of its head to find out: ".repeat(9),
    false,
  ],
  ["pg-custom", "no archive at all", false],
])("verifyBackup() with a key reads a dump of the kind %s to its end (%#)", async (kind, text, isWhole) => {
  await using site = await makeSite();
  const backup = await plant(site, kind, utf8(text));
  const verdict = await verifyBackup(planOf(site, backup, { opener: OPENER }), never);
  expect(verdict.failure?.kind ?? null).toBe(isWhole ? null : "damaged");
  expect(verdict.extent).toBe(isWhole ? "dump" : null);
  expect((await verifyBackup(planOf(site, backup), never)).extent).toBe("sealed");
});

test("verifyBackup() opens a dump of a kind that it does not know, and leaves it at that", async () => {
  await using site = await makeSite();
  const backup = await plant(site, "redis-rdb", utf8("REDIS"));
  expect(await verifyBackup(planOf(site, backup, { opener: OPENER }), never)).toMatchObject({
    extent: "opened",
    failure: null,
  });
});

test("verifyBackup() says nothing of damage when the program to read a dump is too old", async () => {
  await using site = await makeSite();
  const backup = await plant(site, "pg-custom", utf8("whatever"), "99.1");
  const verdict = await verifyBackup(planOf(site, backup, { opener: OPENER }), never);
  expect(verdict).toMatchObject({ failure: { kind: "tool" }, recorded: null });
});
