import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Manifest } from "../../src/catalog/manifest.ts";
import { createDatabase } from "../database/postgres/servers.ts";
import { sharedPostgres, sharedRgw, sharedSeaweed } from "../services.ts";
import { makeBucket, type TestBucket } from "../store/bucket.ts";
import { contentOf, noisyDatabase } from "./sample-database.ts";
import { backUp, postgresDatabase, s3Store, workspace } from "./workspace.ts";

setDefaultTimeout(60_000);

const server = await sharedPostgres();
const never = new AbortController().signal;

/** Bytes of one part of an upload. */
const PART = 8 * 1024 * 1024;

test.each([
  ["SeaweedFS", sharedSeaweed, 1],
  ["Ceph RGW", sharedRgw, 2],
] as const)("a backup goes on in further volumes on %s", async (_, s3, maxParts) => {
  const bucket = await makeBucket(await s3());
  const source = await noisyDatabase();
  await using host = await workspace({
    databases: [postgresDatabase(server, source)],
    stores: [s3Store(await s3(), bucket, { maxParts })],
  });
  const { id, bytes } = await backUp(host);

  const shown = JSON.parse((await host.run(["show", "--json", id])).stdout) as Shown;
  const full = Math.floor(bytes / (PART * maxParts));
  const volumes = [...Array<number>(full).fill(PART * maxParts), bytes % (PART * maxParts)];
  expect(shown.manifest.volumes).toEqual(volumes);
  expect(full).toBeGreaterThan(0);
  expect((await host.run(["show", id])).stdout).toContain(`in ${volumes.length} volumes`);
  expect(await bucket.openUploads()).toEqual([]);

  const restore = ["restore", "--last-backup", "--private-key-path", host.privateKey];
  const target = await createDatabase(server);
  expect(await host.run([...restore, "--to", server.url(target)])).toMatchObject({ exitCode: 0 });
  expect(await contentOf(target)).toBe(await contentOf(source));

  const file = await fetchEnvelope(bucket, shown.key, host.folder);
  const decrypted = await host.run(["decrypt", "--private-key-path", host.privateKey, file]);
  const raw = await host.run([...restore, "--raw-output"]);
  expect(decrypted.exitCode).toBe(0);
  expect(Buffer.compare(decrypted.output, raw.output)).toBe(0);
});

/** Copies an envelope out of its bucket, with its volumes beside it. */
async function fetchEnvelope(bucket: TestBucket, key: string, folder: string): Promise<string> {
  const store = await bucket.open();
  const file = join(folder, "copy.dbk");
  const { objects } = await store.list(key, never);
  for (const object of objects) {
    const body = await store.get(object.key, null, never);
    await Bun.write(`${file}${object.key.slice(key.length)}`, new Response(body));
  }
  return file;
}

interface Shown {
  key: string;
  manifest: Manifest;
}
