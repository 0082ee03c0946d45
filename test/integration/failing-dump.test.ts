import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { waitUntil } from "../../scripts/services/service.ts";
import { createDatabase } from "../database/postgres/servers.ts";
import { sharedPostgres, sharedSeaweed } from "../services.ts";
import { makeBucket } from "../store/bucket.ts";
import {
  expectFailure,
  hanging,
  isRunning,
  makeTools,
  readPids,
  removeScenes,
  sceneIn,
  SETTINGS,
  type Scene,
} from "./scene.ts";
import { postgresDatabase, s3Store, workspace } from "./workspace.ts";

setDefaultTimeout(60_000);
const never = new AbortController().signal;
afterAll(removeScenes);

interface Breakdown {
  name: string;
  script: (scene: Scene) => string;
  exitCode: number;
  says: RegExp;
}

/** The first `bytes` of the real dump. */
const first = (bytes: number) => `"$REAL" "$@" | head -c ${bytes}`;

const KILLED = { exitCode: 5, says: /pg_dump was killed by SIGKILL/ };

const BREAKDOWNS: readonly Breakdown[] = [
  { name: "is killed at its start", script: () => "kill -9 $$", ...KILLED },
  {
    name: "is killed in the middle",
    script: ({ dumpBytes }) => `${first(dumpBytes >> 1)}; kill -9 $$`,
    ...KILLED,
  },
  {
    name: "is killed before its last byte",
    script: ({ dumpBytes }) => `${first(dumpBytes - 1)}; kill -9 $$`,
    ...KILLED,
  },
  { name: "is killed after its last byte", script: () => '"$REAL" "$@"; kill -9 $$', ...KILLED },
  {
    name: "fails in the middle",
    script: ({ dumpBytes }) =>
      `${first(dumpBytes >> 1)}; echo "pg_dump: error: server closed the connection" >&2; exit 1`,
    exitCode: 4,
    says: /Cannot dump .*: server closed the connection/,
  },
  { name: "ends well with nothing", script: () => "exit 0", exitCode: 5, says: /did not write a whole dump/ },
  {
    name: "ends well in the middle",
    script: ({ dumpBytes }) => first(dumpBytes >> 1),
    exitCode: 5,
    says: /did not write a whole dump/,
  },
  {
    name: "ends well before its last byte",
    script: ({ dumpBytes }) => first(dumpBytes - 1),
    exitCode: 5,
    says: /did not write a whole dump/,
  },
  {
    name: "floods stderr",
    script: () => "yes 'pg_dump: error: no' | head -c 50000000 >&2; exit 1",
    exitCode: 4,
    says: /Cannot dump .*: /,
  },
];

describe.each(SETTINGS)("when pg_dump, on its way to %s,", (setting) => {
  test.each(BREAKDOWNS)("$name, there is no backup", async ({ script, exitCode, says }) => {
    const scene = await sceneIn(setting);
    await scene.breakDump(script(scene));
    expectFailure(await scene.host.run(["run", "--once"]), { exitCode, says });
    await scene.expectUntouched();
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("hangs, and %s comes, nothing is left", async (signal, exitCode) => {
    const scene = await sceneIn(setting);
    const { host, dumpBytes, place } = scene;
    const pidFile = join(host.folder, signal);
    await scene.breakDump(`${first(Math.floor(dumpBytes * 0.8))}; ${hanging(pidFile)}`);
    const running = await host.start(["run", "--once"]);
    const pids = await readPids(pidFile);
    if (setting !== "a folder") {
      const isOpen = async () => (await place.openUploads()).length === 1;
      await waitUntil(isOpen, { what: "an upload to be under way" });
    }
    running.kill(signal);
    expectFailure(await running.finished, { exitCode, says: new RegExp(`stopped by ${signal}`) });
    // A killed process is there until somebody has reaped it.
    const areGone = async () => !(await Promise.all(pids.map(isRunning))).includes(true);
    await waitUntil(areGone, { what: "pg_dump and its child to be gone", timeoutMs: 5000 });
    await scene.expectUntouched();
  });

  test("works again, the older backup and a new one are restored", async () => {
    await (await sceneIn(setting)).expectRestorable();
  });
});

test("a dump that fails after 200 MB leaves nothing behind", async () => {
  const server = await sharedPostgres();
  const s3 = await sharedSeaweed();
  const bucket = await makeBucket(s3);
  const database = await createDatabase(
    server,
    `CREATE EXTENSION pgcrypto; CREATE TABLE noise AS SELECT gen_random_bytes(1024) FROM generate_series(1, 20480) g;
     CREATE TABLE wide AS SELECT repeat('wide ', 200000) FROM generate_series(1, 200);`,
  );
  await using host = await workspace();
  const databaseToolsDirectory = await makeTools(
    host.folder,
    server.binDirectory,
    '"$REAL" "$@"; echo "pg_dump: error: out of memory" >&2; exit 1',
  );
  await host.configure({
    databases: [postgresDatabase(server, database, { databaseToolsDirectory })],
    stores: [s3Store(s3, bucket)],
  });
  expectFailure(await host.run(["run", "--once"]), { exitCode: 4, says: /Cannot dump .*: out of memory/ });
  expect(await bucket.openUploads()).toEqual([]);
  expect((await (await bucket.open()).list("shop/2", never)).objects).toEqual([]);
});
