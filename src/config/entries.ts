import { z } from "zod";

import { isZone } from "../catalog/retention/calendar.ts";
import { keepOption } from "../catalog/retention/policy.ts";
import { compressionOption } from "../compress/codec.ts";
import { databaseDrivers } from "../database/registry.ts";
import { READ_BACK } from "../job/read-back.ts";
import { pingUrlOption } from "../notify/ping-url.ts";
import { storeDrivers } from "../store/registry.ts";
import type { Instance } from "../database/database.ts";
import type { DatabaseConfig, StoreConfig } from "./config.ts";
import { isTable, type Table } from "./document.ts";
import { durationOption } from "./duration.ts";
import { hooksOption } from "./hooks.ts";
import { readMetricsDirectory } from "./metrics.ts";
import type { Mistakes } from "./mistakes.ts";
import { readSchedule } from "./schedule.ts";
import { SECRET_KEYS, settleSecrets } from "./secrets.ts";
import type { Settings } from "./settings.ts";
import { unknownKey, validate } from "./validate.ts";

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

const nameOption = z
  .string()
  .regex(
    NAME,
    "expected small letters, digits, dots, dashes and underscores, 63 at most, no mark at the front",
  );

/** Other words for a type: which of the two products a server is, it says itself. */
const ALIASES: ReadonlyMap<string, string> = new Map([["mariadb", "mysql"]]);

const storeKeys = z.strictObject({
  name: nameOption,
  type: oneOf(storeDrivers),
  readBack: z.enum(READ_BACK).default("full"),
});

const MINUTE_MS = 60 * 1000;
const HOUR_MS = 60 * MINUTE_MS;

/** Stores tell whole seconds only, and a run shows some times within it that it lives. */
const SHORTEST_LEASE_MS = 5000;

/** Names of databases, with `*` for anything and `?` for one character. */
const patterns = z
  .array(z.string().min(1, "expected the name of a database, or a pattern"))
  .min(1, "expected at least one pattern")
  .optional();

const databaseKeys = z.strictObject({
  name: nameOption,
  type: oneOf(databaseDrivers),
  stores: z.array(z.string()).min(1, "expected the name of a store").optional(),
  compression: compressionOption,
  acceptIncomplete: z.boolean().default(false),
  stallTimeout: durationOption.default(HOUR_MS),
  leaseTimeout: durationOption
    .refine((ms) => ms >= SHORTEST_LEASE_MS, 'expected at least "5s"')
    .default(10 * MINUTE_MS),
  keep: keepOption.optional(),
  zone: z.string().refine(isZone, 'expected a time zone, as in "Europe/Paris"').optional(),
  schedule: z.string().optional(),
  jitter: durationOption.optional(),
  pruneAfterBackup: z.boolean().default(false),
  pingUrl: pingUrlOption.optional(),
  hooks: hooksOption.optional(),
  include: patterns,
  exclude: patterns,
});

type Section = keyof typeof SECRET_KEYS;

/** One table of a section. Its own keys are ours, the rest is its driver's. */
interface Entry<Own, Thing> {
  at: number;
  own: Own;
  options: unknown;
  open: () => Promise<Thing>;
  /** Null if the options mean one thing. */
  instance: Instance | null;
}

/** What the config knows of a driver. */
export interface Driver<Options, Thing> {
  options: z.ZodType<Options>;
  create(options: Options): Thing | Promise<Thing>;
  /** The whole server, if that is what the options mean. */
  instance?(options: Options): Instance | null;
}

/** How the tables of a section are read. */
interface Kind<Own, Thing> {
  section: Section;
  keys: z.ZodObject & z.ZodType<Own>;
  drivers: Readonly<Record<string, Driver<unknown, Thing>>>;
}

/** Reads all of `[[stores]]`. */
export async function readStores(settings: Settings, mistakes: Mistakes): Promise<StoreConfig[]> {
  const kind = { section: "stores", keys: storeKeys, drivers: storeDrivers } as const;
  const entries = await readEntries(kind, settings, mistakes);
  return entries.map(({ own: { name, type, readBack }, options, open }) => ({
    name,
    type,
    readBack,
    options,
    open,
  }));
}

/** Reads all of `[[databases]]`. */
export async function readDatabases(settings: Settings, mistakes: Mistakes): Promise<DatabaseConfig[]> {
  const stores = namesOfStores(settings);
  const kind = { section: "databases", keys: databaseKeys, drivers: databaseDrivers } as const;
  const entries = await readEntries(kind, settings, mistakes);
  const read = entries.map(async ({ at, own, options, open, instance }) => {
    const complainOf =
      (key: string) =>
      (message: string, hint?: string): void =>
        mistakes.add(settings.placeOf(["databases", at, key]), message, hint);
    const { name, type, compression, acceptIncomplete, include = null, exclude = null } = own;
    const { stallTimeout: stallMs, leaseTimeout: leaseMs } = own;
    const chosen = chooseStores(own.stores, stores, complainOf("stores"));
    for (const [key, given] of Object.entries({ include, exclude }))
      if (given !== null && instance === null) complainOf(key)('only goes with database = "*"');
    const server = instance && { instance, include, exclude: exclude ?? [] };
    const { pruneAfterBackup, keep, zone = "UTC" } = own;
    const schedule = await readSchedule(own, zoneOf(settings), (key, message) => complainOf(key)(message));
    if (own.zone !== undefined && keep === undefined && own.schedule === undefined)
      complainOf("zone")("only goes with schedule or keep");
    if (pruneAfterBackup && keep === undefined)
      complainOf("pruneAfterBackup")("needs keep: without it nothing is ever removed");
    const retention = keep === undefined ? null : { keep, zone };
    const shared = { name, type, stores: chosen, options, open };
    return Object.assign(shared, {
      server,
      compression,
      acceptIncomplete,
      stallMs,
      leaseMs,
      schedule,
      retention,
      pruneAfterBackup,
      pingUrl: own.pingUrl ?? null,
      hooks: own.hooks ?? null,
      metricsDirectory: readMetricsDirectory(settings),
    });
  });
  return await Promise.all(read);
}

/** As in 2018, and in every crontab, `cron` alone is meant by the clock of the host. */
function zoneOf({ isFlat }: Settings): string {
  return isFlat ? new Intl.DateTimeFormat().resolvedOptions().timeZone : "UTC";
}

async function readEntries<Own extends { name: string; type: string }, Thing>(
  kind: Kind<Own, Thing>,
  settings: Settings,
  mistakes: Mistakes,
): Promise<Entry<Own, Thing>[]> {
  const list = settings.get([kind.section]);
  const entries: Entry<Own, Thing>[] = [];
  for (const [at, table] of (Array.isArray(list) ? list : []).entries()) {
    if (!isTable(table)) continue;
    const { type } = table;
    const meant = typeof type === "string" ? ALIASES.get(type) : undefined;
    if (meant !== undefined) table["type"] = meant;
    await settleSecrets(table, [kind.section, at], settings, mistakes);
    const entry = readEntry(kind, { table, at }, settings, mistakes);
    if (entry === null) continue;
    if (entries.some(({ own }) => own.name === entry.own.name))
      mistakes.add(settings.placeOf([kind.section, at, "name"]), `"${entry.own.name}" is taken`);
    entries.push(entry);
  }
  return entries;
}

function readEntry<Own extends { type: string }, Thing>(
  { section, keys, drivers }: Kind<Own, Thing>,
  { table, at }: { table: Table; at: number },
  settings: Settings,
  mistakes: Mistakes,
): Entry<Own, Thing> | null {
  const path = [section, at];
  const ownKeys = Object.keys(keys.shape);
  const own = validate(keys, { value: pick(table, ownKeys), path, keys: ownKeys }, settings, mistakes);
  const type = table["type"];
  const driver = typeof type === "string" && Object.hasOwn(drivers, type) ? drivers[type] : undefined;
  if (driver === undefined) return null;
  const driverKeys = keysOf(driver.options);
  const known = [...ownKeys, ...driverKeys, ...SECRET_KEYS[section].map((key) => `${key}File`)];
  for (const key of Object.keys(table).filter((key) => !known.includes(key)))
    mistakes.add(
      settings.placeOf([...path, key]),
      settings.isFlat ? `means nothing for ${String(type)}` : unknownKey(key, known),
    );
  const subject = { value: pick(table, driverKeys), path, keys: driverKeys };
  const options = validate(driver.options, subject, settings, mistakes);
  if (own === null || options === null) return null;
  const instance = driver.instance?.(options) ?? null;
  return { at, own, options, open: async () => await driver.create(options), instance };
}

/** The stores for a database's backups, in their own order: all of them, if nothing is said. */
function chooseStores(
  wanted: readonly string[] | undefined,
  stores: readonly string[],
  complain: (message: string) => void,
): readonly string[] {
  for (const name of wanted ?? []) if (!stores.includes(name)) complain(`there is no store "${name}"`);
  return stores.filter((name) => wanted?.includes(name) ?? true);
}

function oneOf(drivers: Readonly<Record<string, unknown>>): z.ZodType<string> {
  const aliases = [...ALIASES].filter(([, meant]) => Object.hasOwn(drivers, meant)).map(([alias]) => alias);
  return z.enum([...Object.keys(drivers), ...aliases].toSorted());
}

/** Those entries of a table that have one of `keys`. */
export function pick(table: Table, keys: readonly string[]): Table {
  return Object.fromEntries(Object.entries(table).filter(([key]) => keys.includes(key)));
}

/** Names that the stores have in the settings, be they right or not. */
function namesOfStores(settings: Settings): string[] {
  const list = settings.get(["stores"]);
  const tables = Array.isArray(list) ? list.filter(isTable) : [];
  return tables.flatMap(({ name }) => (typeof name === "string" ? [name] : []));
}

/** The keys of a driver's options, whatever its schema does with them afterwards. */
export function keysOf(schema: z.ZodType): string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  return schema instanceof z.ZodPipe && schema.in instanceof z.ZodType ? keysOf(schema.in) : [];
}
