// Whoever can write to the store changes, copies and forges manifests and proofs. None of that counts, and none of it hides what
// is genuine.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { type Bytes, utf8 } from "../../src/base/bytes.ts";
import { type Backup, type Catalog, findNewest, listBackups } from "../../src/catalog/list.ts";
import { MANIFEST_TYPE, parseManifest } from "../../src/catalog/manifest.ts";
import { manifestKey, nameBackup, proofKey } from "../../src/catalog/name.ts";
import { parseProof, PROOF_TYPE } from "../../src/catalog/proof.ts";
import { recordProof } from "../../src/job/proof.ts";
import { noteVerifier } from "../../src/job/trust.ts";
import { keyIdOf, signNote } from "../../src/seal/note.ts";
import { generateSigner, readSigner, type Signer } from "../../src/seal/signer.ts";
import { trusting } from "../job/plan.ts";
import { makeSite, never, type Site } from "../job/site.ts";
import { signer } from "../seal/sample.ts";
import { flipped } from "./mutant.ts";
import { Random } from "./random.ts";

setDefaultTimeout(60_000);

const newSigner = async (): Promise<Signer> => await readSigner((await generateSigner()).pem);
const [stranger, verifier] = [await newSigner(), await newSigner()];
const random = new Random(11);

/** Flips through the whole listing; all others go straight to the functions that it calls. */
const LISTED = 150;

let site: Site;
let older: Backup;
let newer: Backup;
let ofOtherSet: Backup;
/** The genuine notes of `newer`. */
let manifest: Bytes;
let proof: Bytes;
let proofName: string;
let genuine: Catalog;

beforeAll(async () => {
  site = await makeSite();
  const at = (day: number) => ({ now: () => new Date(`2026-11-${day}T02:00:00Z`) });
  older = await site.backUp(at(21));
  newer = await site.backUp({ ...at(22), readBack: "off" });
  ofOtherSet = await site.backUp({ ...at(22), set: "mail" });
  const now = new Date("2026-11-22T03:00:00Z");
  const witness = { store: site.store, ...newer, signer: verifier, now: () => now };
  const said = { kind: "verify", ok: true, extent: "dump" } as const;
  await recordProof(witness, { ...said, bytes: 1, findings: [], beganAt: now }, never);
  proofName = proofKey(newer.name, now, keyIdOf(verifier.publicKey));
  [manifest, proof] = await Promise.all([read(manifestKey(newer.name)), read(proofName)]);
  genuine = await list();
});

afterAll(async () => await site[Symbol.asyncDispose]());

const fileOf = (key: string) => join(site.storeFolder, key);
const read = async (key: string) => await Bun.file(fileOf(key)).bytes();
const trusted = trusting(signer, verifier);
const verify = () => noteVerifier(site.store, trusted, never);
const list = () => listBackups(site.store, "shop", verify(), never);

/** Does `work` while the store holds these objects, too or instead. */
async function having(objects: Readonly<Record<string, Bytes>>, work: () => Promise<void>): Promise<void> {
  const before = new Map<string, Bytes | null>();
  for (const [key, bytes] of Object.entries(objects)) {
    const file = Bun.file(fileOf(key));
    before.set(key, (await file.exists()) ? await file.bytes() : null);
    await Bun.write(file, bytes);
  }
  await work();
  for (const [key, bytes] of before)
    await (bytes === null ? Bun.file(fileOf(key)).delete() : Bun.write(fileOf(key), bytes));
}

/** Fails unless exactly these backups count, and say what they said when they were made. */
async function expectCounting(...wanted: readonly Backup[]): Promise<void> {
  const { backups } = await list();
  const counting = backups.filter(({ doubt }) => doubt === null);
  expect(counting.map(({ name, manifest }) => ({ name, manifest }))).toEqual(
    wanted.map(({ name, manifest }) => ({ name, manifest })),
  );
  const newest = await findNewest(site.store, "shop", verify(), never);
  expect(newest?.name).toEqual(wanted[0]?.name);
}

/** Fails unless the proofs are as they were, which nobody has tampered with. */
async function expectSameProofs(without: Partial<Backup["proofs"]> = {}): Promise<void> {
  const wanted = genuine.backups.map(({ proofs, doubt }, at) => ({
    proofs: at === 0 ? { ...proofs, ...without } : proofs,
    doubt,
  }));
  expect((await list()).backups.map(({ proofs, doubt }) => ({ proofs, doubt }))).toEqual(wanted);
}

test("the genuine notes count", async () => {
  await expectCounting(newer, older);
  expect(genuine.backups[0]?.proofs).toMatchObject({ openedAt: "2026-11-22T03:00:00.000Z" });
});

test.each([
  ["manifest", () => ({ note: manifest, type: MANIFEST_TYPE, parse: parseManifest })],
  ["proof", () => ({ note: proof, type: PROOF_TYPE, parse: parseProof })],
])("a %s with any bit flipped is refused", async (_, of) => {
  const { note, type, parse } = of();
  const object = { key: "", size: note.length, modifiedAt: new Date() };
  for (let bit = 0; bit < note.length * 8; bit += 1) {
    const changed = new Uint8Array(flipped(Buffer.from(note), bit));
    const taken = await verify()(changed, type, object, newer.name).then(
      ({ payload }) => parse(payload, newer.name),
      () => null,
    );
    if (taken !== null) throw new Error(`bit ${bit} does not matter: ${new TextDecoder().decode(changed)}`);
  }
});

test("a manifest with a bit flipped, or cut, does not count, and hides no other", async () => {
  const damaged = Array.from({ length: LISTED }, () =>
    flipped(Buffer.from(manifest), random.below(manifest.length * 8)),
  );
  const cut = Array.from({ length: 20 }, () => manifest.slice(0, random.below(manifest.length)));
  for (const bytes of [...damaged, ...cut])
    await having({ [manifestKey(newer.name)]: new Uint8Array(bytes) }, () => expectCounting(older));
});

test("a proof with a bit flipped proves nothing", async () => {
  for (let round = 0; round < LISTED; round += 1) {
    const bytes = flipped(Buffer.from(proof), random.below(proof.length * 8));
    await having({ [proofName]: new Uint8Array(bytes) }, () =>
      expectSameProofs({ openedAt: null, verifiedAt: null }),
    );
  }
});

/** The note with its payload changed, signed by strangers in every way that a stranger can. */
async function signedAnew(type: string, payload: unknown): Promise<Bytes[]> {
  const bytes = utf8(JSON.stringify(payload));
  const his = await signNote(type, bytes, stranger);
  const { signatures, ...rest } = JSON.parse(new TextDecoder().decode(his)) as {
    signatures: { sig: string }[];
  };
  const genuine = JSON.parse(
    new TextDecoder().decode(type === MANIFEST_TYPE ? manifest : proof),
  ) as typeof rest & {
    signatures: object[];
  };
  const claiming = signatures.map(({ sig }) => ({ sig, keyid: keyIdOf(signer.publicKey) }));
  const asOther = signatures.map(({ sig }) => ({ sig, keyid: keyIdOf(verifier.publicKey) }));
  const written = (signatures: readonly object[]) => utf8(JSON.stringify({ ...rest, signatures }));
  return [
    his,
    ...[claiming, asOther, genuine.signatures, [...signatures, ...genuine.signatures]].map(written),
    utf8(JSON.stringify({ ...genuine, ...rest, signatures: [...genuine.signatures, ...signatures] })),
  ];
}

/** A value of the same kind that says something else. */
function otherThan(value: unknown): unknown {
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  if (typeof value === "string")
    return value.startsWith("2026")
      ? "2026-11-22T02:00:00.001Z"
      : value.replace(/^./, (first) => (first === "0" ? "1" : "0"));
  return Array.isArray(value) ? [...(value as unknown[]), value[0] ?? "0"] : null;
}

test("a manifest whose fields are edited, signed by anybody but its signer, does not count", async () => {
  for (const [field, value] of Object.entries(newer.manifest)) {
    const edited = { ...newer.manifest, [field]: otherThan(value) };
    const byVerifier = await signNote(MANIFEST_TYPE, utf8(JSON.stringify(edited)), verifier);
    for (const note of [...(await signedAnew(MANIFEST_TYPE, edited)), byVerifier])
      await having({ [manifestKey(newer.name)]: note }, () => expectCounting(older));
  }
});

test("a stranger who signs a manifest as his own does not count", async () => {
  const edited = { ...newer.manifest, signer: stranger.publicKey.toBase64() };
  for (const note of await signedAnew(MANIFEST_TYPE, edited))
    await having({ [manifestKey(newer.name)]: note }, () => expectCounting(older));
});

test("a proof that a stranger signs says nothing, for or against", async () => {
  const said = JSON.parse(new TextDecoder().decode(proof)) as { payload: string };
  const genuineProof = JSON.parse(atob(said.payload)) as Record<string, unknown>;
  for (const kind of ["read-back", "verify", "drill"]) {
    for (const ok of [true, false, null]) {
      for (const note of await signedAnew(PROOF_TYPE, { ...genuineProof, kind, ok }))
        await having({ [proofKey(newer.name, new Date(), "00000000")]: note }, () => expectSameProofs());
    }
  }
});

test("the host's own word counts for read-backs alone", async () => {
  const own = {
    backup: newer.name.id,
    core: newer.manifest.core,
    kind: "verify",
    at: "2026-11-23T00:00:00.000Z",
    ok: true,
  };
  const note = await signNote(PROOF_TYPE, utf8(JSON.stringify(own)), signer);
  await having({ [proofKey(newer.name, new Date(), "00000000")]: note }, () => expectSameProofs());
});

test("notes under the name of another backup do not count", async () => {
  const [old, foreign] = await Promise.all([
    read(manifestKey(older.name)),
    read(manifestKey(ofOtherSet.name)),
  ]);
  const later = new Date("2026-11-23T02:00:00Z");
  for (const note of [old, foreign, manifest, proof]) {
    const names = [newer.name.id, older.name.id, ofOtherSet.name.id, "a".repeat(32)].map((id) =>
      manifestKey(nameBackup("shop", later, id)),
    );
    for (const name of names) await having({ [name]: note }, () => expectCounting(newer, older));
    if (note !== manifest) await having({ [manifestKey(newer.name)]: note }, () => expectCounting(older));
  }
  for (const note of [proof, manifest, old])
    await having({ [proofKey(older.name, later, "00000000")]: note }, () => expectSameProofs());
});

test("an older backup under a newer name does not count, whatever goes with it", async () => {
  const later = new Date("2026-11-23T02:00:00Z");
  for (const id of [older.name.id, newer.name.id, "a".repeat(32)]) {
    const { stem } = nameBackup("shop", later, id);
    const copies = Object.fromEntries(
      await Promise.all(
        [".dbk", ".json"].map(
          async (ending) => [`${stem}${ending}`, await read(`${older.name.stem}${ending}`)] as const,
        ),
      ),
    );
    await having(copies, () => expectCounting(newer, older));
    await having({ ...copies, [`${stem}.proof-1763776800000-0a1b2c3d.json`]: proof }, () =>
      expectCounting(newer, older),
    );
  }
});
