import { expect, test } from "bun:test";
import { join } from "node:path";
import { type Claim, claimSet, IDENTITY_TYPE, type SetIdentity } from "../../src/catalog/identity.ts";
import { signNote, verifyNote } from "../../src/seal/note.ts";
import { generateSigner, readSigner, type Signer } from "../../src/seal/signer.ts";
import { failureOf } from "../conformance/sample.ts";
import { makeSite, never, type Site } from "../job/site.ts";

const newSigner = async (): Promise<Signer> => await readSigner((await generateSigner()).pem);
const [ours, stranger] = [await newSigner(), await newSigner()];

/** Whoever has the signer `by`, and trusts `ours`. */
const claimOf = (by: Signer, set: string, source: string, adopt = false): Claim => ({
  set,
  source,
  adopt,
  sign: (payload) => signNote(IDENTITY_TYPE, payload, by),
  verify: async (note) => (await verifyNote(note, IDENTITY_TYPE, [by.publicKey, ours.publicKey])).payload,
});

const claim = ({ store }: Site, source: string, adopt = false): Promise<SetIdentity> =>
  claimSet(store, claimOf(ours, "shop", source, adopt), never);

const TAKEN = { kind: "config", hint: expect.stringContaining("--adopt") };

test("claimSet() gives a set to the first source, and to nobody else", async () => {
  await using site = await makeSite();
  const mine = await claim(site, "host a");
  expect(await claim(site, "host a")).toEqual(mine);
  expect(await failureOf(claim(site, "host b"))).toMatchObject(TAKEN);
  expect(await claimSet(site.store, claimOf(ours, "shop2", "host b"), never)).not.toEqual(mine);
});

test("claimSet() does not write down what the source is", async () => {
  await using site = await makeSite();
  await claim(site, "postgres 7123456789 shop");
  expect(await Bun.file(join(site.storeFolder, "shop", "identity")).text()).not.toContain("7123456789");
});

test("claimSet() hands the set on, with its id, to whoever adopts it, as often as need be", async () => {
  await using site = await makeSite();
  const { id } = await claim(site, "host 0");
  for (let host = 1; host <= 12; host += 1) {
    expect(await failureOf(claim(site, `host ${host}`))).toMatchObject(TAKEN);
    expect(await claim(site, `host ${host}`, true)).toMatchObject({ id });
    expect(await claim(site, `host ${host}`)).toMatchObject({ id });
    expect(await failureOf(claim(site, `host ${host - 1}`))).toMatchObject(TAKEN);
  }
  const { objects } = await site.store.list("shop/identity", never);
  expect(objects).toHaveLength(13);
});

test("claimSet() adopts nothing that is its own already", async () => {
  await using site = await makeSite();
  await claim(site, "host a", true);
  await claim(site, "host a", true);
  const { objects } = await site.store.list("shop/identity", never);
  expect(objects.map(({ key }) => key)).toEqual(["shop/identity"]);
});

test("claimSet() lets one source win a race", async () => {
  await using site = await makeSite();
  const same = await Promise.all(Array.from({ length: 8 }, () => claim(site, "host a")));
  expect(new Set(same.map(({ id }) => id)).size).toBe(1);

  await using other = await makeSite();
  const raced = await Promise.allSettled(
    Array.from({ length: 8 }, (_, host) => claim(other, `host ${host}`)),
  );
  expect(raced.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  for (const each of raced) if (each.status === "rejected") expect(each.reason).toMatchObject(TAKEN);
});

test.each([
  ["no JSON", "it is no JSON"],
  ['{"id":"x","source":"y"}', "it does not say whose the set is"],
  ["x".repeat(5000), "more than 4096 bytes"],
])("claimSet() refuses a broken identity: %s", async (content, why) => {
  const key = "shop/identity";
  await using site = await makeSite();
  await site.store.create(key, new TextEncoder().encode(content), never);
  expect(await failureOf(claim(site, "host a"))).toMatchObject({
    kind: "damaged",
    message: expect.stringMatching(new RegExp(`broken shop/identity: ${why}$`)),
  });
});

test.each([
  ["no JSON", "no JSON"],
  ["an empty table", "{}"],
  ["5,000 bytes", "x".repeat(5000)],
  ["an identity that nobody signed", JSON.stringify({ id: crypto.randomUUID(), source: "0".repeat(64) })],
])("claimSet() takes no notice of a planted identity.2 of %s, and follows it", async (_, content) => {
  await using site = await makeSite();
  const { id } = await claim(site, "host a");
  for (const key of ["shop/identity.2", "shop/identity.9007199254740990"])
    await site.store.create(key, new TextEncoder().encode(content), never);
  expect(await claim(site, "host a")).toMatchObject({ id });
  expect(await failureOf(claim(site, "host b"))).toMatchObject(TAKEN);
  expect(await claim(site, "host b", true)).toMatchObject({ id });
  expect(await failureOf(claim(site, "host a"))).toMatchObject(TAKEN);
  expect(await Bun.file(join(site.storeFolder, "shop", "identity.3")).exists()).toBeTrue();
});

test("claimSet() lets nobody take a set over whose signer is not trusted", async () => {
  await using site = await makeSite();
  await claim(site, "host a");
  const theirs = claimOf(stranger, "shop", "host s", true);
  const { id } = await claimSet(site.store, theirs, never);
  expect(await claimSet(site.store, { ...theirs, adopt: false }, never)).toMatchObject({ id });
  expect(await claim(site, "host a")).toMatchObject({ id });
});

test("claimSet() takes no notice of a takeover that was copied: of another set, or to another number", async () => {
  await using site = await makeSite();
  await claim(site, "host a");
  await claim(site, "host b", true);
  await claim(site, "host a", true);
  await claimSet(site.store, claimOf(ours, "mail", "host a"), never);
  await claimSet(site.store, claimOf(ours, "mail", "host b", true), never);
  const read = async (key: string) => await Bun.file(join(site.storeFolder, key)).bytes();
  await site.store.create("shop/identity.4", await read("shop/identity.2"), never);
  await site.store.create("shop/identity.5", await read("mail/identity.2"), never);
  const mine = await claim(site, "host a");
  expect(await failureOf(claim(site, "host b"))).toMatchObject(TAKEN);
  expect(await claim(site, "host a", true)).toEqual(mine);
});

test("claimSet() adopts a set whose only identity is broken", async () => {
  await using site = await makeSite();
  await site.store.create("shop/identity", new Uint8Array(1), never);
  const mine = await claim(site, "host a", true);
  expect(await claim(site, "host a")).toEqual(mine);
  expect(await claim(site, "host a", true)).toEqual(mine);
});

test("claimSet() takes no notice of keys that only look like identities", async () => {
  await using site = await makeSite();
  const mine = await claim(site, "host a");
  for (const key of [
    "identity.1",
    "identity.02",
    "identity.x",
    "identity.2.json",
    "identity.1e3",
    "identityx",
  ])
    await site.store.create(`shop/${key}`, new Uint8Array(1), never);
  expect(await claim(site, "host a")).toEqual(mine);
});
