import { expect, test } from "bun:test";
import { join } from "node:path";
import { claimSet, type SetIdentity } from "../../src/catalog/identity.ts";
import { failureOf } from "../conformance/sample.ts";
import { makeSite, never, type Site } from "../job/site.ts";

const claim = ({ store }: Site, source: string, adopt = false): Promise<SetIdentity> =>
  claimSet(store, { set: "shop", source, adopt }, never);

const TAKEN = { kind: "config", hint: expect.stringContaining("--adopt") };

test("claimSet() gives a set to the first source, and to nobody else", async () => {
  await using site = await makeSite();
  const mine = await claim(site, "host a");
  expect(await claim(site, "host a")).toEqual(mine);
  expect(await failureOf(claim(site, "host b"))).toMatchObject(TAKEN);
  expect(await claimSet(site.store, { set: "shop2", source: "host b", adopt: false }, never)).not.toEqual(
    mine,
  );
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
])("claimSet() adopts a set with a planted identity.2 of %s, and its id", async (_, content) => {
  await using site = await makeSite();
  const { id } = await claim(site, "host a");
  for (const key of ["shop/identity.2", "shop/identity.9007199254740990"])
    await site.store.create(key, new TextEncoder().encode(content), never);
  expect(await failureOf(claim(site, "host a"))).toMatchObject({
    kind: "damaged",
    hint: expect.stringContaining("--adopt"),
  });
  expect(await claim(site, "host a", true)).toMatchObject({ id });
  expect(await claim(site, "host a")).toMatchObject({ id });
  expect(await failureOf(claim(site, "host b"))).toMatchObject(TAKEN);
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
