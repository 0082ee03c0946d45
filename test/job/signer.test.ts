import { expect, test } from "bun:test";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { makeSigner, readSignerFile, signerOf } from "../../src/job/signer.ts";
import { FolderStore } from "../../src/store/folder.ts";
import { failureOf } from "../conformance/sample.ts";
import { makeSite, never, type Site } from "./site.ts";

const fileIn = ({ folder }: Site) => join(folder, "keys", "signer.pem");

test("signerOf() makes a signer for the very first backup, and finds it again", async () => {
  await using site = await makeSite();
  const file = fileIn(site);
  const sets = [{ set: "shop", prefix: "shop/", store: site.store }];
  const made = await signerOf(file, sets, never);
  expect(made.isNew).toBe(true);
  expect([(await stat(file)).mode & 0o777, (await stat(join(file, ".."))).mode & 0o777]).toEqual([
    0o600, 0o700,
  ]);
  await site.backUp({ signer: made.signer });
  const found = await signerOf(file, sets, never);
  expect(found).toMatchObject({ isNew: false, signer: { text: made.signer.text } });
});

test("signerOf() makes none where any set has backups already", async () => {
  await using site = await makeSite();
  await site.backUp();
  const sets = ["forum", "shop"].map((set) => ({ set, prefix: `${set}/`, store: site.store }));
  const refusal = await failureOf(signerOf(fileIn(site), sets, never));
  expect(refusal).toMatchObject({ kind: "key", message: expect.stringContaining('backups of "shop"') });
  expect(await readdir(site.folder)).not.toContain("keys");
});

test("signerOf() makes one where a store cannot be asked, and says of which set that is", async () => {
  await using site = await makeSite();
  const away = new FolderStore({ path: join(site.folder, "not-mounted") });
  const sets = [site.store, away].map((store) => ({ set: "shop", prefix: "shop/", store }));
  const { isNew, unasked } = await signerOf(fileIn(site), sets, never);
  expect({ isNew, unasked }).toMatchObject({ isNew: true, unasked: [{ set: "shop", store: away }] });
});

test("signerOf() makes none where no store can be asked, or one of them has backups", async () => {
  await using site = await makeSite();
  const away = new FolderStore({ path: join(site.folder, "not-mounted") });
  const lost = { set: "forum", prefix: "forum/", store: away };
  expect(await failureOf(signerOf(fileIn(site), [lost], never))).toMatchObject({
    kind: "store",
    message: expect.stringContaining('whether "forum" has backups'),
    hint: expect.stringContaining("dbacked signer new"),
  });
  await site.backUp();
  const kept = { set: "shop", prefix: "shop/", store: site.store };
  expect(await failureOf(signerOf(fileIn(site), [lost, kept], never))).toMatchObject({ kind: "key" });
  expect(await readdir(site.folder)).not.toContain("keys");
});

test("makeSigner() never replaces a key", async () => {
  await using site = await makeSite();
  const { text } = await makeSigner(fileIn(site));
  const refusal = await failureOf(makeSigner(fileIn(site)));
  expect(refusal).toMatchObject({ kind: "key", message: expect.stringContaining("exists already") });
  expect(await readSignerFile(fileIn(site))).toMatchObject({ text });
});

test("readSignerFile() tells no file from one that is no key", async () => {
  await using site = await makeSite();
  expect(await readSignerFile(fileIn(site))).toBeNull();
  await Bun.write(fileIn(site), "no key");
  expect(await failureOf(readSignerFile(fileIn(site)))).toMatchObject({ kind: "key" });
  expect(await failureOf(readSignerFile(site.folder))).toMatchObject({
    kind: "key",
    message: expect.stringContaining(site.folder),
  });
});
