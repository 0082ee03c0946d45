import { expect } from "bun:test";
import { chmod, mkdir, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { runProgram, waitUntil } from "../../scripts/services/service.ts";
import { createDatabase } from "../database/postgres/servers.ts";
import { sharedPostgres, sharedRgw, sharedSeaweed } from "../services.ts";
import { makeBucket } from "../store/bucket.ts";
import type { Finished } from "./binary.ts";
import { contentOf } from "./sample-database.ts";
import { backUp, folderStore, postgresDatabase, s3Store, type Workspace, workspace } from "./workspace.ts";

/** What a database holds at first. */
const SMALL = `CREATE EXTENSION pgcrypto; CREATE TABLE noise (id int PRIMARY KEY, data bytea);
  INSERT INTO noise VALUES (0, 'old');`;

/** Adds 12 MiB of random bytes: a dump of 24 MiB, and more than one part of an upload. */
const GROWTH = "INSERT INTO noise SELECT g, gen_random_bytes(1024) FROM generate_series(1, 12288) g";

const never = new AbortController().signal;

/** A store, and what can be seen of it from outside. */
interface Place {
  /** As `[[stores]]` has it. */
  table: Record<string, unknown>;
  /** Every object with its size, half-written files too where they can be seen; leases stay, and are not told. */
  look(): Promise<readonly string[]>;
  openUploads(): Promise<readonly string[]>;
}

/** A host with one good backup, whose database has grown since. */
export interface Scene {
  host: Workspace;
  database: string;
  place: Place;
  /** Bytes of the next dump. */
  dumpBytes: number;
  /** Lets `pg_dump` be a shell script, in which `$REAL "$@"` is the real one. */
  breakDump(script: string): Promise<void>;
  /** What a failed run must leave behind: all that was there before, and nothing else. */
  expectUntouched(): Promise<void>;
  /** Restores the old backup, then makes a new one and restores that, and compares both with what was backed up. */
  expectRestorable(): Promise<void>;
}

export type Setting = "a folder" | "SeaweedFS" | "Ceph RGW";

export const SETTINGS: readonly Setting[] = ["a folder", "SeaweedFS", "Ceph RGW"];

/** One scene of each kind for the whole test file. */
export function sceneIn(setting: Setting): Promise<Scene> {
  const scene = scenes.get(setting) ?? makeScene(setting);
  scenes.set(setting, scene);
  return scene;
}

export async function removeScenes(): Promise<void> {
  for (const scene of scenes.values()) await (await scene).host[Symbol.asyncDispose]();
  scenes.clear();
}

const scenes = new Map<Setting, Promise<Scene>>();

async function makeScene(setting: Setting): Promise<Scene> {
  const server = await sharedPostgres();
  const database = await createDatabase(server, SMALL);
  const host = await workspace();
  const place = await placeOf(setting, host);
  const configure = (more: Record<string, unknown> = {}) =>
    host.configure({ databases: [postgresDatabase(server, database, more)], stores: [place.table] });
  await configure();
  const { id } = await backUp(host);
  const content = await contentOf(database);
  await server.query(GROWTH, database);
  let [before, good] = [await place.look(), [id]];
  return {
    host,
    database,
    place,
    dumpBytes: await measureDump(server.url(database)),
    breakDump: async (script) =>
      configure({ databaseToolsDirectory: await makeTools(host.folder, server.binDirectory, script) }),
    async expectUntouched() {
      expect(await place.openUploads()).toEqual([]);
      expect(await place.look()).toEqual(before);
      expect(await listGood(host)).toEqual(good);
      expect(await readdir(host.temporary)).toEqual([]);
    },
    async expectRestorable() {
      await configure();
      const { id: newest } = await backUp(host);
      const listed = await listGood(host);
      expect(listed).toEqual([newest, ...good]);
      [before, good] = [await place.look(), listed];
      await expectContent(host, id, content);
      await expectContent(host, newest, await contentOf(database));
    },
  };
}

/** The backups that count, newest first. */
export async function listGood(host: Workspace): Promise<string[]> {
  const { stdout } = await host.run(["list", "--json"]);
  const listed = JSON.parse(stdout) as { id: string; doubt: string | null }[];
  return listed.filter(({ doubt }) => doubt === null).map(({ id }) => id);
}

async function expectContent(host: Workspace, id: string, content: string): Promise<void> {
  const server = await sharedPostgres();
  const target = await createDatabase(server);
  const args = ["restore", id, "--private-key-path", host.privateKey, "--to", server.url(target)];
  expect(await host.run(args)).toMatchObject({ exitCode: 0 });
  expect(await contentOf(target)).toBe(content);
}

async function placeOf(setting: Setting, host: Workspace): Promise<Place> {
  if (setting === "a folder") {
    const look = async () => (await readdir(host.store, { recursive: true })).filter(isNoLease).toSorted();
    return { table: folderStore(host.store), look, openUploads: async () => [] };
  }
  const server = await (setting === "SeaweedFS" ? sharedSeaweed() : sharedRgw());
  const bucket = await makeBucket(server);
  const store = await bucket.open();
  const look = async () => {
    const objects = (await store.list("", never)).objects.filter(({ key }) => isNoLease(key));
    return objects.map(({ key, size }) => `${key} ${size}`);
  };
  return { table: s3Store(server, bucket), look, openUploads: bucket.openUploads };
}

function isNoLease(key: string): boolean {
  return !/\/lease(?:\/|$)/.test(key);
}

async function measureDump(url: string): Promise<number> {
  const script = 'set -o pipefail; pg_dump -Fc -Z0 "$0" | wc -c';
  return Number(await runProgram(["bash", "-c", script, url]));
}

let scripts = 0;

/** PostgreSQL's programs in a folder of their own, but for `pg_dump`, which is a shell script; `$REAL` is the real one. */
export async function makeTools(parent: string, real: string, script: string): Promise<string> {
  const folder = join(parent, `tools-${(scripts += 1)}`);
  await mkdir(folder);
  for (const name of ["psql", "pg_restore"]) await symlink(join(real, name), join(folder, name));
  const file = join(folder, "pg_dump");
  const head = `#!/bin/sh\nREAL=${join(real, "pg_dump")}\n[ "$1" = --version ] && exec "$REAL" --version\n`;
  await Bun.write(file, head + script);
  await chmod(file, 0o755);
  return folder;
}

/** Shell commands that never end, and write down which processes they are. */
export function hanging(pidFile: string): string {
  return `sleep 1000 & echo "$$ $!" > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; wait`;
}

/** Waits until `hanging` has come to its end, and gives its processes. */
export async function readPids(pidFile: string): Promise<number[]> {
  await waitUntil(() => Bun.file(pidFile).exists(), { what: "the dump to hang" });
  return (await Bun.file(pidFile).text()).trim().split(" ").map(Number);
}

/** Whether a process is there and not merely waiting to be buried. */
export async function isRunning(pid: number): Promise<boolean> {
  const status = await Bun.file(`/proc/${pid}/stat`)
    .text()
    .catch(() => ") Z");
  return !/\) [ZX]/.test(status);
}

/** A failure of this exit code that says why, in one line and a hint, without a stack. */
export function expectFailure(
  { exitCode, stderr }: Finished,
  wanted: { exitCode: number; says: RegExp },
): void {
  expect({ exitCode, stderr }).toEqual({
    exitCode: wanted.exitCode,
    stderr: expect.stringMatching(wanted.says),
  });
  expect(stderr.length).toBeLessThan(5000);
  expect(stderr).not.toContain("this is a bug");
}
