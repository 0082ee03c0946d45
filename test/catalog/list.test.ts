import { expect, test } from "bun:test";
import { type Bytes, utf8 } from "../../src/base/bytes.ts";
import { type Backup, type Catalog, findNewest, listBackups, listSets } from "../../src/catalog/list.ts";
import { encodeManifest, MANIFEST_TYPE, type Manifest } from "../../src/catalog/manifest.ts";
import { envelopeKey, manifestKey, nameBackup } from "../../src/catalog/name.ts";
import { PROOF_TYPE } from "../../src/catalog/proof.ts";
import { noteVerifier } from "../../src/job/trust.ts";
import { signNote } from "../../src/seal/note.ts";
import { generateSigner, readSigner, type Signer } from "../../src/seal/signer.ts";
import type { TrustedSigner } from "../../src/seal/unlock.ts";
import { FolderStore } from "../../src/store/folder.ts";
import type { Listing } from "../../src/store/store.ts";
import { sample } from "../conformance/sample.ts";
import { trusting } from "../job/plan.ts";
import { makeSite, never, type Site } from "../job/site.ts";
import { signer } from "../seal/sample.ts";

const newSigner = async (): Promise<Signer> => await readSigner((await generateSigner()).pem);
const stranger = await newSigner();
const verifier = await newSigner();

async function list(
  { store }: Site,
  trusted: TrustedSigner[] = trusting(signer, verifier),
): Promise<Catalog> {
  return await listBackups(store, "shop", noteVerifier(store, trusted, never), never);
}

async function newest(
  { store }: Site,
  trusted: TrustedSigner[] = trusting(signer, verifier),
): Promise<Backup | undefined> {
  return await findNewest(store, "shop", noteVerifier(store, trusted, never), never);
}

/** Stores a manifest like `like` under its own name, signed by `by`. */
async function plant(
  { store }: Site,
  like: Manifest,
  change: Partial<Manifest>,
  by: Signer = signer,
): Promise<string> {
  const manifest = { ...like, ...change };
  const key = manifestKey(nameBackup(manifest.set, new Date(manifest.takenAt), manifest.backup));
  await store.create(key, await signNote(MANIFEST_TYPE, encodeManifest(manifest), by), never);
  return key;
}

async function store({ store }: Site, key: string, bytes: Bytes): Promise<void> {
  expect(await store.create(key, bytes, never)).toBe("created");
}

const at = (iso: string) => ({ now: () => new Date(iso) });
const idOf = (digit: string): string => digit.repeat(32);

test("listBackups() lists the newest first, each with what it says", async () => {
  await using site = await makeSite();
  const first = await site.backUp(at("2026-11-21T02:00:00Z"));
  const second = await site.backUp(at("2026-11-22T02:00:00Z"));
  const { backups, broken } = await list(site);
  expect(broken).toEqual([]);
  expect(backups.map(({ name }) => name)).toEqual([second.name, first.name]);
  expect(backups[0]).toMatchObject({ manifest: second.manifest, signer: signer.text, doubt: null });
  expect(backups[0]?.manifest).toMatchObject({ seq: 2, prev: first.manifest.core });
});

test("listBackups() sorts backups of one second by their own time", async () => {
  await using site = await makeSite();
  for (let ms = 100; ms < 900; ms += 100) await site.backUp(at(`2026-11-21T02:00:00.${ms}Z`));
  const { backups } = await list(site);
  expect(backups.map(({ manifest }) => manifest.seq)).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
});

test("findNewest() reads no older manifest than it needs", async () => {
  await using site = await makeSite();
  for (const day of [20, 21, 22]) await site.backUp({ ...at(`2026-11-${day}T02:00:00Z`), readBack: "off" });
  const read: string[] = [];
  const verify = noteVerifier(site.store, trusting(signer), never);
  const counted: typeof verify = async (note, type, object, name) => {
    read.push(object.key);
    return await verify(note, type, object, name);
  };
  expect((await findNewest(site.store, "shop", counted, never))?.manifest.seq).toBe(3);
  expect(read).toEqual([expect.stringContaining("20261122T")]);
});

test("what is planted or broken does not count, and stops nothing", async () => {
  await using site = await makeSite();
  await site.backUp(at("2026-11-21T02:00:00Z"));
  const { manifest } = await site.backUp(at("2026-11-22T02:00:00Z"));
  const year9999 = await plant(site, manifest, { backup: idOf("a"), takenAt: "9999-12-31T23:59:59.999Z" });
  const foreign = await plant(
    site,
    manifest,
    { backup: idOf("b"), takenAt: "2026-11-23T01:00:00.000Z" },
    stranger,
  );
  await plant(site, manifest, { backup: idOf("c"), takenAt: "2026-11-23T01:00:01.000Z" });
  const [junk, huge, copied] = ["d", "e", "f"].map((id) => `shop/20261123T010002Z-${idOf(id)}.json`);
  await store(site, junk ?? "", utf8("{}"));
  await store(site, huge ?? "", sample(17 * 1024 * 1024));
  await store(site, copied ?? "", await signNote(MANIFEST_TYPE, encodeManifest(manifest), signer));
  await store(site, "shop/notes.txt", utf8("mine"));

  const { backups, broken } = await list(site);
  expect(broken).toHaveLength(4);
  const reasons = Object.fromEntries(broken.map(({ key, failure }) => [key, failure.message]));
  expect(reasons).toEqual({
    [foreign]: expect.stringContaining("no envelope"),
    [junk ?? ""]: expect.stringContaining("it is not signed"),
    [huge ?? ""]: expect.stringContaining("17825792 bytes"),
    [copied ?? ""]: expect.stringContaining("does not belong there"),
  });
  const doubts = Object.fromEntries(backups.map(({ name, doubt }) => [name.id.slice(0, 4), doubt]));
  expect(doubts).toMatchObject({ aaaa: expect.any(String), cccc: expect.stringContaining("is missing") });
  expect(backups.find(({ name }) => manifestKey(name) === year9999)?.doubt).not.toBeNull();
  expect(backups.filter(({ doubt }) => doubt === null).map(({ manifest }) => manifest.seq)).toEqual([2, 1]);
  expect((await newest(site))?.manifest).toEqual(manifest);

  const next = await site.backUp(at("2026-11-23T02:00:00Z"));
  expect(next.manifest).toMatchObject({ seq: 3, prev: manifest.core });
});

test("a backup from the future does not count, but for ten minutes", async () => {
  await using site = await makeSite();
  const inMinutes = (minutes: number) => at(new Date(Date.now() + minutes * 60_000).toISOString());
  const near = await site.backUp(inMinutes(9));
  const far = await site.backUp(inMinutes(11));
  const { backups } = await list(site);
  expect(backups.map(({ name, doubt }) => [name.id, doubt !== null])).toEqual([
    [far.name.id, true],
    [near.name.id, false],
  ]);
  expect(backups[0]?.doubt).toContain("in the future");
});

test("a whole backup of another signer is listed and does not count", async () => {
  await using site = await makeSite();
  const mine = await site.backUp(at("2026-11-21T02:00:00Z"));
  await site.backUp({ ...at("2026-11-22T02:00:00Z"), signer: stranger, trusted: trusting(stranger) });
  const catalog = await list(site);
  expect(catalog.broken).toEqual([]);
  expect(catalog.backups[0]).toMatchObject({
    signer: stranger.text,
    doubt: `signed by ${stranger.text}, not a trusted signer`,
  });
  expect((await newest(site))?.name).toEqual(mine.name);
});

test("a manifest that names another signer than its own is broken", async () => {
  await using site = await makeSite();
  const { manifest } = await site.backUp(at("2026-11-21T02:00:00Z"));
  const change = { backup: idOf("a"), takenAt: "2026-11-22T02:00:00.000Z" };
  const key = await plant(site, manifest, change, verifier);
  const { backups, broken } = await list(site);
  expect(backups).toHaveLength(1);
  expect(broken).toMatchObject([
    { key, failure: { kind: "damaged", message: expect.stringContaining("another signer") } },
  ]);
});

test("a retired signer counts for what was stored before he retired", async () => {
  await using site = await makeSite();
  await site.backUp();
  const key = signer.publicKey;
  const [past, future] = [-60_000, 60_000].map((ms) => new Date(Date.now() + ms)) as [Date, Date];
  expect(await newest(site, [{ key, storedBefore: future }])).toBeDefined();
  expect(await newest(site, [{ key, storedBefore: past }])).toBeUndefined();
});

test.each([
  ["without its envelope", async (site: Site, key: string) => await site.store.remove([key], never)],
  [
    "whose envelope is cut",
    async (site: Site, key: string) => {
      const file = `${site.storeFolder}/${key}`;
      await Bun.write(file, (await Bun.file(file).bytes()).slice(0, -1));
    },
  ],
])("a backup %s does not count", async (_, damage) => {
  await using site = await makeSite();
  const older = await site.backUp(at("2026-11-21T02:00:00Z"));
  const { name } = await site.backUp(at("2026-11-22T02:00:00Z"));
  await damage(site, envelopeKey(name));
  const catalog = await list(site);
  expect(catalog.backups[0]?.doubt).toContain("not whole");
  expect((await newest(site))?.name).toEqual(older.name);
});

interface Claim {
  kind: string;
  ok: boolean;
  by: Signer;
  core?: string;
}

const AT = "2026-11-22T03:00:00.000Z";

test.each<[string, Claim, boolean]>([
  ["a verifier that is trusted says no", { kind: "verify", ok: false, by: verifier }, false],
  ["a drill under a trusted signer failed", { kind: "drill", ok: false, by: verifier }, false],
  ["its own signer could not read it back", { kind: "read-back", ok: false, by: signer }, false],
  ["its own signer says that a drill failed", { kind: "drill", ok: false, by: signer }, true],
  ["a stranger says no", { kind: "verify", ok: false, by: stranger }, true],
  ["the no is of another core", { kind: "verify", ok: false, by: verifier, core: "0".repeat(64) }, true],
  ["the proof is of a kind that nobody knows", { kind: "guess", ok: false, by: verifier }, true],
  ["a verifier that is trusted says yes", { kind: "verify", ok: true, by: verifier }, true],
])("when %s, it counts or not", async (_, { kind, ok, by, core }, counts) => {
  await using site = await makeSite();
  const { name, manifest } = await site.backUp({ ...at("2026-11-22T02:00:00Z"), readBack: "off" });
  const proof = { backup: name.id, core: core ?? manifest.core, kind, at: AT, ok, bytes: 1, durationMs: 1 };
  const note = await signNote(PROOF_TYPE, utf8(JSON.stringify(proof)), by);
  await store(site, `${name.stem}.proof-1763776800000-0a1b2c3d.json`, note);
  await store(site, `${name.stem}.proof-1763776800001-0a1b2c3d.json`, utf8("junk"));
  const catalog = await list(site);
  expect((await newest(site)) !== undefined).toBe(counts);
  const { doubt, proofs } = catalog.backups[0] ?? {};
  expect(doubt).toBe(counts ? null : `failed its ${kind} at ${AT}`);
  expect(proofs).toMatchObject({
    readBackAt: null,
    verifiedAt: ok ? AT : null,
    drilledAt: null,
  });
});

test("a store that cannot be read is an error, not an empty list", async () => {
  await using site = await makeSite();
  await site.backUp();
  await Bun.$`rm -r ${site.storeFolder}`.quiet();
  expect(list(site)).rejects.toMatchObject({ kind: "store" });
});

test("what goes away after it was listed stops nothing", async () => {
  await using site = await makeSite();
  const { name } = await site.backUp();
  /** Lists a manifest and a proof that are gone already. */
  class Forgetful extends FolderStore {
    override async list(prefix: string, signal: AbortSignal): Promise<Listing> {
      const { objects, now } = await super.list(prefix, signal);
      const gone = [
        `shop/20200101T000000Z-${idOf("a")}.json`,
        `${name.stem}.proof-1763776800000-0a1b2c3d.json`,
      ];
      return { objects: [...objects, ...gone.map((key) => ({ key, size: 100, modifiedAt: now }))], now };
    }
  }
  const store = new Forgetful({ path: site.storeFolder });
  const { backups, broken } = await list({ ...site, store });
  expect(backups).toMatchObject([{ name, doubt: null }]);
  expect(broken).toMatchObject([{ failure: { message: expect.stringContaining("holds no shop/2020") } }]);
});

test("listSets() finds the sets that have backups", async () => {
  await using site = await makeSite();
  await site.backUp({ set: "shop" });
  await site.backUp({ set: "forum" });
  await store(site, "empty/identity", utf8("{}"));
  expect(await listSets(site.store, "", never)).toEqual(["forum", "shop"]);
  expect(await listSets(site.store, "sh", never)).toEqual(["shop"]);
});
