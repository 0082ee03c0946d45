import { tmpdir } from "node:os";
import type { Secret } from "../../base/secret.ts";
import type { Config, DatabaseConfig } from "../../config/config.ts";
import { loadConfig } from "../../config/load.ts";
import { readSmallFile } from "../../config/small-file.ts";
import { DbackedError } from "../../base/error.ts";
import type { Opener } from "../../job/open.ts";
import { verifyBackups, type VerifyPlan } from "../../job/verify.ts";
import { readIdentity } from "../../seal/key.ts";
import type { Globals } from "../command.ts";
import { tellVerdict } from "../print/verdict.ts";
import type { Outcome, Run } from "../session.ts";
import { chooseOrders } from "../tasks.ts";
import { attemptTold, beginTold } from "../telling.ts";

/** The first backups, and what they were made with. */
export interface First {
  run: Run;
  outcomes: readonly Outcome[];
}

/** A private key that is at hand. */
export interface AtHand {
  path: string;
  /** Asked for the passphrase, if the key has one. */
  passphrase: () => Promise<Secret>;
}

/** Variables that every later run takes too. */
const LASTING = ["DBACKED_SIGNER_KEY"] as const;

/** Reads the config that was just written, as each run will. */
export async function readWritten(file: string): Promise<Config> {
  const environment = Object.fromEntries(LASTING.map((name) => [name, process.env[name]]));
  return await loadConfig({ environment, file }, ["databases", "stores", "recipients", "signer"]);
}

/**
 * Makes the first backup of everything. What fails is told, and stands in the outcomes.
 *
 * @throws {DbackedError} if nothing could begin.
 */
export async function makeFirst(config: Config, globals: Globals, signal: AbortSignal): Promise<First> {
  const orders = chooseOrders(config, []);
  const entries = orders.map(({ entry }) => entry);
  const run = await beginTold({ config, entries, adopt: false, waitMs: 0, ifDue: false, globals }, signal);
  const outcomes: Outcome[] = [];
  for (const order of orders) outcomes.push(...(await attemptTold(run, order, signal)));
  return { run, outcomes };
}

/**
 * Opens the first backups with the private key, to their last byte, and tells how that went.
 *
 * @returns whether all of them open.
 * @throws {DbackedError} `key`, if the key or its passphrase is none.
 */
export async function openFirst(
  { run, outcomes }: First,
  { path, passphrase }: AtHand,
  signal: AbortSignal,
): Promise<boolean> {
  const read = await readSmallFile(path);
  if (typeof read === "string") throw new DbackedError("key", read);
  const identities = [await readIdentity(read.text, passphrase)];
  const { trusted, config, globals } = run;
  const opener = { identities, trusted, approve: async () => {}, expectCore: null, expectSet: null };
  const plans = outcomes.flatMap((outcome) => {
    if (!("backup" in outcome)) return [];
    const { store, backup } = outcome;
    const place = run.stores.get(store);
    const entry = config.databases.find(({ stores }) => stores.includes(store));
    if (place === undefined || entry === undefined) return [];
    return { ...planOf(run, opener, entry), store: place, storeName: store, backup };
  });
  let areGood = plans.length > 0;
  await verifyBackups(
    plans,
    1,
    (plan, verdict) => {
      areGood &&= verdict.failure === null;
      tellVerdict({ ...plan, verdict }, globals);
    },
    signal,
  );
  return areGood;
}

function planOf(
  { trusted, signer }: Run,
  opener: Opener,
  { type, options }: DatabaseConfig,
): Omit<VerifyPlan, "store" | "backup"> {
  const directory: unknown = Reflect.get(Object(options) as object, "databaseToolsDirectory");
  const databaseToolsDirectory = typeof directory === "string" ? directory : undefined;
  return {
    trusted,
    opener,
    signer,
    // SQLite would have to read it from a file, and nothing in plain is to lie on this disk.
    engine: type === "sqlite" ? null : { databaseToolsDirectory, spoolDirectory: tmpdir() },
    now: () => new Date(),
    progress: { bytes: 0 },
  };
}
