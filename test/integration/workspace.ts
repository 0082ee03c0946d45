import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { stringify } from "smol-toml";
import type { Postgres } from "../../scripts/services/postgres.ts";
import type { S3Server } from "../../scripts/services/s3-server.ts";
import { type Service, temporaryFolder } from "../../scripts/services/service.ts";
import { shared } from "../services.ts";
import type { TestBucket } from "../store/bucket.ts";
import { type Finished, run, type RunOptions, type Running, start } from "./binary.ts";

interface Keys extends Service {
  folder: string;
  publicKey: string;
  privateKey: string;
  fingerprint: string;
}

/** A key pair without a passphrase, made by `keygen` once for the whole test run. */
export const sharedKeys: () => Promise<Keys> = shared("keys", async () => {
  const parent = await temporaryFolder("keys");
  const folder = join(parent.path, "kit");
  const made = await run(["keygen", "--out", folder, "--no-passphrase", "--json"]);
  if (made.exitCode !== 0) throw new Error(`keygen failed: ${made.stderr}`);
  const { publicKey, privateKey, fingerprint } = JSON.parse(made.stdout) as Record<keyof Keys, string>;
  const stop = async () => parent[Symbol.asyncDispose]();
  return { folder, publicKey, privateKey, fingerprint, stop, [Symbol.asyncDispose]: stop };
});

type Table = Readonly<Record<string, unknown>>;

/** What the config says besides the keys; the rest has its usual value. */
export interface Sections {
  /** @default none */
  databases?: readonly Table[];
  /** @default one folder, `Workspace.store` */
  stores?: readonly Table[];
  /** @default the public key of `sharedKeys` */
  encryption?: Table;
  /** @default none */
  identity?: Table;
}

/** A host of its own: a config, a home, a folder for temporary files and one to stand in, all of them empty. */
export interface Workspace extends AsyncDisposable {
  folder: string;
  configFile: string;
  /** The signing key that the first backup makes. */
  signerFile: string;
  /** The folder of the usual store. */
  store: string;
  /** Where the program keeps what it remembers. */
  state: string;
  /** TMPDIR of the program. */
  temporary: string;
  /** Where the program stands. */
  cwd: string;
  privateKey: string;
  publicKey: string;
  /** Writes the config again. */
  configure(sections: Sections): Promise<void>;
  /** Runs the program with this workspace's config; `env` adds to its environment. */
  run(args: readonly string[], options?: RunOptions): Promise<Finished>;
  start(args: readonly string[], options?: RunOptions): Promise<Running>;
}

/** Makes a workspace; it is removed on dispose. */
export async function workspace(sections: Sections = {}): Promise<Workspace> {
  const { publicKey, privateKey } = await sharedKeys();
  const root = await temporaryFolder("workspace");
  const folder = root.path;
  const within = (name: string) => join(folder, name);
  const places = { store: within("store"), temporary: within("tmp"), cwd: within("cwd") };
  for (const path of Object.values(places)) await mkdir(path);
  const configFile = within("config.toml");
  const usual: Sections = {
    stores: [folderStore(places.store)],
    encryption: { recipients: [publicKey] },
  };
  const configure = async (wanted: Sections) => {
    await Bun.write(configFile, stringify({ ...usual, ...wanted }));
  };
  await configure(sections);
  const inside = (options: RunOptions = {}): RunOptions => ({
    cwd: places.cwd,
    ...options,
    env: {
      HOME: folder,
      XDG_STATE_HOME: within("state"),
      TMPDIR: places.temporary,
      DBACKED_CONFIG: configFile,
      ...options.env,
    },
  });
  return {
    folder,
    configFile,
    ...places,
    privateKey,
    publicKey,
    configure,
    signerFile: within("signer.pem"),
    state: within("state/dbacked"),
    run: (args, options) => run(args, inside(options)),
    start: (args, options) => start(args, inside(options)),
    [Symbol.asyncDispose]: async () => root[Symbol.asyncDispose](),
  };
}

/** A `[[databases]]` entry for PostgreSQL. */
export function postgresDatabase(server: Postgres, database: string, more: Table = {}): Table {
  return { name: "shop", type: "postgres", url: server.url(database), ...more };
}

/** A `[[databases]]` entry for an SQLite file. */
export function sqliteDatabase(path: string, more: Table = {}): Table {
  return { name: "app", type: "sqlite", url: sqliteUrl(path), ...more };
}

export function sqliteUrl(path: string): string {
  return `sqlite://${pathToFileURL(path).pathname}`;
}

/** A `[[stores]]` entry for a folder. */
export function folderStore(path: string, more: Table = {}): Table {
  return { name: "folder", type: "folder", path, ...more };
}

/** A `[[stores]]` entry for a bucket. */
export function s3Store(server: S3Server, bucket: TestBucket, more: Table = {}): Table {
  const { endpoint, accessKeyId, secretAccessKey } = server;
  return { name: "s3", type: "s3", bucket: bucket.name, endpoint, accessKeyId, secretAccessKey, ...more };
}

/** What a run made. */
export interface Made {
  id: string;
  bytes: number;
}

/** Makes a backup of the only database, and fails if it fails. */
export async function backUp(host: Workspace): Promise<Made> {
  const { exitCode, stdout, stderr } = await host.run(["run", "--once", "--json"]);
  if (exitCode !== 0) throw new Error(`the backup failed: ${stderr}`);
  const { backups } = JSON.parse(stdout) as { backups: [Made] };
  return backups[0];
}

/** The only envelope of a set in the usual store. */
export async function envelopeIn(host: Workspace, set: string): Promise<string> {
  const folder = join(host.store, set);
  const envelope = (await readdir(folder)).find((name) => name.endsWith(".dbk"));
  if (envelope === undefined) throw new Error(`there is no envelope in ${folder}`);
  return join(folder, envelope);
}
