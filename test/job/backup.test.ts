import { expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { envelopeKey } from "../../src/catalog/name.ts";
import { MANIFEST_TYPE } from "../../src/catalog/manifest.ts";
import { databaseDrivers } from "../../src/database/registry.ts";
import type { Progress } from "../../src/job/backup.ts";
import { openSource } from "../../src/seal/open.ts";
import { volumeSource } from "../../src/store/volumes.ts";
import { failureOf } from "../conformance/sample.ts";
import { identity, signer, unlockSource } from "../seal/sample.ts";
import { backUp } from "./plan.ts";
import { makeSite, never, type Site } from "./site.ts";

const keysIn = async ({ store }: Site) => (await store.list("", never)).objects.map(({ key }) => key);

test("backUp() writes a manifest that says of the envelope what is true", async () => {
  await using site = await makeSite();
  const takenAt = new Date("2026-11-22T02:00:00.123Z");
  const { name, manifest } = await site.backUp({ now: () => takenAt });
  expect(name.stem).toBe(`shop/20261122T020000Z-${name.id}`);
  const source = volumeSource(site.store, envelopeKey(name), manifest.volumes);
  const unlocked = await unlockSource(source);
  const { header, sealedMetadata } = unlocked;
  expect(manifest).toMatchObject({
    backup: header.id,
    core: header.core,
    header: header.digest,
    headerBytes: header.headerBytes,
    signer: signer.publicKey.toBase64(),
    recipients: [identity.fingerprint],
    bytes: source.size,
    set: "shop",
    engine: "sqlite",
    dump: "sqlite",
    compression: "zstd",
    takenAt: takenAt.toISOString(),
    seq: 1,
    prev: null,
    tables: 1,
    complete: true,
    consistent: "snapshot",
    version: "0.0.0",
  });
  expect(sealedMetadata).toMatchObject({ host: "backup.internal", database: site.path });
  const opened = await openSource(source, unlocked, { twoPass: true }, never);
  await opened.bytes.pipeTo(new WritableStream());
  const { segments, chain, sourceBytes } = await opened.ended;
  expect(manifest).toMatchObject({ segments, chain, dumpBytes: sourceBytes });
  expect(await unlocked.openNote(MANIFEST_TYPE, manifest.sealed)).toMatchObject({ gaps: [] });
});

test("backUp() says nothing in clear that is meant to be sealed", async () => {
  await using site = await makeSite();
  const { manifest } = await site.backUp();
  const clear = JSON.stringify(manifest);
  for (const secret of ["orders", site.path, "backup.internal"]) expect(clear).not.toContain(secret);
});

test("backUp() tells how far it is", async () => {
  await using site = await makeSite();
  const progress: Progress = { dumped: 0, stored: 0, readBack: { bytes: 0 } };
  const { manifest } = await site.backUp({ progress });
  expect(progress).toMatchObject({ dumped: manifest.dumpBytes, stored: manifest.bytes });
  expect(progress.readBack.bytes).toBeGreaterThanOrEqual(manifest.bytes);
});

test("backUp() stores nothing if it is stopped half-way", async () => {
  await using site = await makeSite();
  const stop = new AbortController();
  const reason = new Error("stop");
  const progress = {
    dumped: 0,
    readBack: { bytes: 0 },
    set stored(_: number) {
      stop.abort(reason);
    },
    get stored() {
      return 0;
    },
  };
  expect(await failureOf(backUp({ ...site.plan, progress }, stop.signal))).toBe(reason);
  expect(await keysIn(site)).toEqual(["shop/identity"]);
  expect(await readdir(`${site.storeFolder}/shop`)).toEqual(["identity"]);
});

test("backUp() refuses a set that belongs to another database, before it dumps anything", async () => {
  await using site = await makeSite();
  await using other = await makeSite();
  await site.backUp();
  const before = await keysIn(site);
  const progress = { dumped: 0, stored: 0, readBack: { bytes: 0 } };
  const plan = { ...other.plan, store: site.store, progress };
  expect(await failureOf(backUp(plan, never))).toMatchObject({ kind: "config" });
  expect(progress).toEqual({ dumped: 0, stored: 0, readBack: { bytes: 0 } });
  expect(await keysIn(site)).toEqual(before);
  expect((await backUp({ ...plan, adopt: true }, never)).manifest.seq).toBe(2);
});

test("backUp() claims nothing for a database that is not there", async () => {
  await using site = await makeSite();
  const { sqlite } = databaseDrivers;
  const database = sqlite.create(sqlite.options.parse({ path: `${site.path}.not` }));
  expect(await failureOf(site.backUp({ database }))).toMatchObject({ kind: "database" });
  expect(await keysIn(site)).toEqual([]);
});
