import { expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createDatabase } from "../database/postgres/servers.ts";
import { type Fault, type Seen, startProxy } from "../faults/proxy.ts";
import { sharedPostgres, sharedRgw, sharedSeaweed } from "../services.ts";
import { makeBucket } from "../store/bucket.ts";
import { noisyDatabase, smallDatabase } from "./sample-database.ts";
import { expectFailure } from "./scene.ts";
import {
  backUp,
  envelopeIn,
  folderStore,
  postgresDatabase,
  s3Store,
  type Workspace,
  workspace,
} from "./workspace.ts";

setDefaultTimeout(60_000);

const server = await sharedPostgres();

interface Listed {
  id: string;
  bytes: number;
  doubt: string | null;
  proofs: Record<string, string | null>;
}

async function list(host: Workspace): Promise<Listed[]> {
  return JSON.parse((await host.run(["list", "--json"])).stdout) as Listed[];
}

test.each([
  ["SeaweedFS", sharedSeaweed, 1],
  ["Ceph RGW", sharedRgw, 2],
] as const)("a backup in volumes on %s is read back, in full and by a sample", async (_, s3, maxParts) => {
  const bucket = await makeBucket(await s3());
  const databases = [postgresDatabase(server, await noisyDatabase())];
  await using host = await workspace({ databases, stores: [s3Store(await s3(), bucket, { maxParts })] });
  await backUp(host);
  await host.configure({
    databases,
    stores: [s3Store(await s3(), bucket, { maxParts, readBack: "sample" })],
  });
  await backUp(host);
  const [sampled, full] = await list(host);
  expect(full).toMatchObject({ doubt: null, proofs: { readBackAt: expect.any(String), sampledAt: null } });
  expect(sampled).toMatchObject({ doubt: null, proofs: { readBackAt: null, sampledAt: expect.any(String) } });

  const verify = ["verify", "--private-key-path", host.privateKey, "--json", "--jobs", "1"];
  const { exitCode, stdout } = await host.run(verify);
  expect(exitCode).toBe(0);
  const { backups } = JSON.parse(stdout) as { backups: { readBy: string }[] };
  expect(backups.map(({ readBy }) => readBy)).toEqual(Array(2).fill(expect.stringMatching(/^pg_restore \d/)));
});

/** A host whose bucket stands behind a proxy, and which has one good backup. */
async function behind(spoil: (request: Seen) => Fault | null) {
  const s3 = await sharedSeaweed();
  const bucket = await makeBucket(s3);
  const databases = [postgresDatabase(server, await smallDatabase())];
  const host = await workspace({ databases, stores: [s3Store(s3, bucket)] });
  const { id } = await backUp(host);
  const proxy = await startProxy(s3.endpoint, spoil);
  await host.configure({ databases, stores: [s3Store(s3, bucket, { endpoint: proxy.endpoint })] });
  const dispose = async () => {
    await proxy[Symbol.asyncDispose]();
    await host[Symbol.asyncDispose]();
  };
  return { host, proxy, id, [Symbol.asyncDispose]: dispose };
}

const isEnvelope = ({ kind, key }: Seen) => kind === "get" && key.endsWith(".dbk");

test("a store that gives back other bytes than it took fails the run, and keeps the older backup", async () => {
  const edit: Fault = {
    what: "edit",
    edit: ({ body }) => {
      const last = body.length - 300;
      if (last > 0) body[last] = (body[last] ?? 0) ^ 1;
    },
  };
  await using scene = await behind((request) => (isEnvelope(request) ? edit : null));
  const { host, id } = scene;
  expectFailure(await host.run(["run", "--once"]), {
    exitCode: 8,
    says: /shop: Backup [0-9a-f]{32} does not read back from s3:[^]*hint: it does not count, and older backups are as they were/,
  });
  const [newest, older] = await list(host);
  expect(newest?.doubt).toMatch(/^failed its read-back at /);
  expect(older).toMatchObject({ id, doubt: null });
});

test("a backup that the store does not give out is told, and never called proved", async () => {
  const denied: Fault = { what: "answer", status: 403, code: "AccessDenied" };
  await using scene = await behind((request) => (isEnvelope(request) ? denied : null));
  const { exitCode, stderr } = await scene.host.run(["run", "--once"]);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 0,
    stderr: expect.stringMatching(
      /warning: shop: the backup is stored, and nothing proves that it can be read: .*access denied/,
    ),
  });
  const [newest] = await list(scene.host);
  expect(newest?.doubt).toBeNull();
  expect(newest?.proofs).toMatchObject({
    readBackAt: null,
    sampledAt: null,
    unreadableAt: expect.any(String),
  });
  expect((await scene.host.run(["list"])).stdout).toContain("not readable");
});

test("a store that goes away before the read-back fails the run, and says how to prove the backup", async () => {
  const broken: Fault = { what: "answer", status: 400, code: "InvalidRequest" };
  const isProof = ({ kind, key }: Seen) => kind === "put" && key.includes(".proof-");
  await using scene = await behind((request) => (isProof(request) ? broken : null));
  const { host } = scene;
  expectFailure(await host.run(["run", "--once"]), {
    exitCode: 6,
    says: /is stored in s3:.*, and is not proved[^]*prove it by: dbacked verify [0-9a-f]{12}/,
  });
  expect((await list(host)).map(({ doubt }) => doubt)).toEqual([null, null]);
});

test("verify finds what happened to backups since, each by itself, and goes on", async () => {
  await using host = await workspace({ databases: [postgresDatabase(server, await createDatabase(server))] });
  await backUp(host);
  const damaged = await envelopeIn(host, "shop");
  const good = [(await backUp(host)).id, (await backUp(host)).id];
  const bytes = await Bun.file(damaged).bytes();
  bytes[bytes.length - 400] = (bytes.at(-400) ?? 0) ^ 1;
  await Bun.write(damaged, bytes);

  expect(await host.run(["verify", "--last"])).toMatchObject({ exitCode: 0 });
  expect(await host.run(["verify", ...good.map((id) => id.slice(0, 12))])).toMatchObject({ exitCode: 0 });
  const { exitCode, stdout } = await host.run(["verify", "--json", "--no-record"]);
  expect(exitCode).toBe(8);
  const report = JSON.parse(stdout) as { backups: { id: string }[]; failures: { id: string }[] };
  expect(report.backups.map(({ id }) => id).toSorted()).toEqual(good.toSorted());
  expect(report.failures).toMatchObject([{ kind: "damaged", recorded: null }]);
  expect((await list(host)).filter(({ doubt }) => doubt !== null)).toEqual([]);

  expect((await host.run(["verify", "--private-key-path", host.privateKey])).exitCode).toBe(8);
  const doubted = (await list(host)).filter(({ doubt }) => doubt !== null);
  expect(doubted.map(({ id }) => id)).toEqual(report.failures.map(({ id }) => id));
  expect(await readdir(host.temporary)).toEqual([]);
});

test("verify finds a manifest that was changed", async () => {
  await using host = await workspace({ databases: [postgresDatabase(server, await createDatabase(server))] });
  await backUp(host);
  const manifest = (await envelopeIn(host, "shop")).replace(/dbk$/, "json");
  const note = (await Bun.file(manifest).json()) as { payload: string };
  await Bun.write(
    manifest,
    JSON.stringify({ ...note, payload: btoa(atob(note.payload).replace(":1,", ":2,")) }),
  );
  expectFailure(await host.run(["verify"]), { exitCode: 8, says: /none can be read: .*signature/ });
  await backUp(host);
  const { exitCode, stdout, stderr } = await host.run(["verify", "--json"]);
  expect(exitCode).toBe(8);
  const failure = {
    kind: "damaged",
    message: expect.stringContaining("is no backup: The manifest is damaged"),
  };
  expect(JSON.parse(stdout)).toEqual({
    backups: [expect.objectContaining({ database: "shop", extent: "sealed" })],
    failures: [
      {
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        database: "shop",
        store: "folder",
        ...failure,
        hint: expect.stringContaining("dbacked decrypt"),
        recorded: null,
      },
    ],
  });
  const lines = stderr.trimEnd().split("\n");
  expect(lines.flatMap((line) => (line.includes("is no backup") ? [JSON.parse(line)] : []))).toMatchObject([
    { level: "error", ...failure },
  ]);
});

test("verify --last fails while what is newer than the newest good backup is damaged", async () => {
  await using host = await workspace({ databases: [postgresDatabase(server, await createDatabase(server))] });
  const last = async () => {
    const { exitCode, stdout, stderr } = await host.run(["verify", "--last", "--json"]);
    const { backups, failures } = JSON.parse(stdout) as Record<string, { id: string; kind?: string }[]>;
    return { exitCode, stderr, good: backups?.map(({ id }) => id), bad: failures?.map(({ id }) => id) };
  };
  const spoil = async (id: string, ending: string, spoilt: string) => {
    const folder = join(host.store, "shop");
    const name = (await readdir(folder)).find((each) => each.endsWith(`${id}${ending}`)) ?? "";
    await Bun.write(join(folder, name), spoilt);
  };
  // Names tell whole seconds.
  const nextSecond = () => Bun.sleep(1005 - (Date.now() % 1000));
  const oldest = await backUp(host);
  await nextSecond();
  await spoil(oldest.id, ".json", "");
  const good = await backUp(host);
  expect(await last()).toMatchObject({ exitCode: 0, good: [good.id], bad: [] });
  await nextSecond();
  const cut = await backUp(host);
  await spoil(cut.id, ".dbk", "DBACKED");
  expect(await last()).toMatchObject({ exitCode: 8, good: [good.id], bad: [cut.id] });
  const unreadable = await backUp(host);
  await spoil(unreadable.id, ".json", "{}");
  expect((await last()).bad?.toSorted()).toEqual([cut.id, unreadable.id].toSorted());
  // What anybody can plant above all others is of the future.
  await Bun.write(join(host.store, "shop", `99990101T000000Z-${"a".repeat(32)}.json`), "{}");
  expect(await last()).toMatchObject({
    exitCode: 8,
    good: [good.id],
    stderr: expect.stringContaining("99990101T000000Z"),
  });
  await nextSecond();
  const newest = await backUp(host);
  expect(await last()).toMatchObject({ exitCode: 0, good: [newest.id], bad: [] });
});

test("nothing to verify is no success", async () => {
  await using host = await workspace({ databases: [postgresDatabase(server, "postgres")] });
  expectFailure(await host.run(["verify"]), { exitCode: 2, says: /There is no backup to verify/ });
  expectFailure(await host.run(["verify", "--last"]), { exitCode: 2, says: /There is no backup to verify/ });
  await host.configure({ stores: [folderStore(join(host.folder, "away"))] });
  expectFailure(await host.run(["verify"]), { exitCode: 6, says: /no such folder/ });
});
