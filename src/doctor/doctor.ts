import { listSets } from "../catalog/list.ts";
import { memberOf } from "../catalog/set.ts";
import type { DatabaseConfig } from "../config/config.ts";
import type { Store } from "../store/store.ts";
import { checkAlarm } from "./alarm.ts";
import { type Check, examine } from "./check.ts";
import { checkConfines } from "./confines.ts";
import { checkDatabase } from "./database.ts";
import { checkDisk } from "./disk.ts";
import { checkKeys, type Whereabouts } from "./keys.ts";
import { checkOpening, type Opening } from "./opening.ts";
import { type Patient, placesOf } from "./patient.ts";
import { checkRunners, type Runners } from "./runner.ts";
import { checkStore } from "./store.ts";
import { checkTools } from "./tools.ts";

/** What is looked at besides the config, and where. */
export interface Surroundings {
  runners: Runners;
  privateKeys: Whereabouts;
  /** Who opens the newest backups; null to open none. */
  opening: Opening | null;
}

/** Looks at everything at once, and changes nothing but probes of its own. What is wrong with one thing hides no other. */
export async function examineAll(
  patient: Patient,
  { runners, privateKeys, opening }: Surroundings,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const { config, databases, stores, now } = patient;
  const looks: readonly Promise<readonly Check[]>[] = [
    examine("keys", () => checkKeys(config, privateKeys, signal), signal),
    examine("tools", () => checkTools(databases, signal), signal),
    ...databases.map((entry) => checkDatabase(patient, entry, signal)),
    ...stores.map((store) => checkStore(store, now, signal)),
    examine("disk", () => checkDisk(databases, stores), signal),
    examine("alarm", () => checkAlarm(databases, signal), signal),
    Promise.resolve(databases.length === 0 ? [] : checkRunners(runners, databases)),
    examine("schedule", () => checkConfines(config, runners.units), signal),
  ];
  const checks = (await Promise.all(looks)).flat();
  // Reading whole backups would only be slowed down by the rest, and slow it down.
  return opening === null ? checks : [...checks, ...(await openAll(patient, opening, signal))];
}

async function openAll(patient: Patient, opening: Opening, signal: AbortSignal): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const entry of patient.databases) {
    for (const { store } of placesOf(patient, entry)) {
      const open = async () => {
        const found: Check[] = [];
        for (const set of await setsOf(entry, store, signal))
          found.push(...(await checkOpening(patient, { set, store }, opening, signal)));
        return found;
      };
      checks.push(...(await examine(`database ${entry.name}`, open, signal)));
    }
  }
  return checks;
}

/** Databases that are no longer on a server are told by their backups. */
async function setsOf(
  { name, server }: DatabaseConfig,
  store: Store,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (server === null) return [name];
  return (await listSets(store, `${name}.`, signal)).filter((set) => memberOf(name, set) !== null);
}
