import { DbackedError, exitCodeOf } from "../base/error.ts";
import { log } from "../base/log.ts";
import { listBackups } from "../catalog/list.ts";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { noteVerifier } from "../job/trust.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import { findAgents } from "./agents.ts";
import { defineCommand } from "./command.ts";
import { type Evidence, judgeHealth } from "./health.ts";
import { findHomes, type Home, type Trouble } from "./homes.ts";
import { recall } from "./memory.ts";
import { ownerOf } from "./origin.ts";
import { printJson } from "./print/json.ts";
import { codeOf, printStatus, statusJson } from "./print/status.ts";
import { readTrusted } from "./sets.ts";
import { sourcesOf } from "./source.ts";
import { chooseOrders } from "./tasks.ts";
import { tableLook } from "./terminal.ts";

export const command = defineCommand({
  description:
    "Tells how backups stand: the newest of each database, when the next is due, what has failed since, how size and duration go, and " +
    "which agents run on this host. The exit code is 0 if all is well.",
  example: "dbacked status",
  operands: { value: "[NAME…]", least: 0, most: Infinity, offers: "databases" },
  options: {},
  async run({ operands, globals, print, signal }) {
    const config = await loadConfig(sourcesOf(globals), ["databases", "stores"]);
    const { evidence, troubles } = await gather(config, operands, signal);
    const now = new Date();
    const healths = evidence.map((each) => judgeHealth(each, now));
    const status = { agents: await findAgents(), healths, troubles };
    if (globals.json) print(printJson(statusJson(status)));
    else print(printStatus(status, tableLook(globals), now));
    for (const { failure } of globals.json ? [] : troubles) log.warn(failure.message);
    const [trouble] = troubles;
    return trouble === undefined ? codeOf(healths) : exitCodeOf(trouble.failure);
  },
});

async function gather(
  config: Config,
  names: readonly string[],
  signal: AbortSignal,
): Promise<{ evidence: readonly Evidence[]; troubles: readonly Trouble[] }> {
  const found = await findHomes(config, { names, store: undefined }, signal);
  const trusted = await readTrusted(config);
  const troubles = [...found.troubles];
  const silent = new Set(found.troubles.map(({ store }) => store));
  const answering = config.stores.map(({ name }) => name).filter((store) => !silent.has(store));
  const evidence = new Map<string, Evidence>();
  for (const home of found.homes) {
    const known = evidence.get(home.set) ?? (await evidenceOf(config, home.set, answering));
    try {
      evidence.set(home.set, await withStore(known, home, trusted, signal));
    } catch (failure) {
      signal.throwIfAborted();
      if (!(failure instanceof DbackedError)) throw failure;
      troubles.push({ database: home.set, store: home.storeName, failure });
      const asked = known.asked.filter((store) => store !== home.storeName);
      evidence.set(home.set, { ...known, asked });
    }
  }
  for (const set of setsWithout(config, names, evidence))
    evidence.set(set, await evidenceOf(config, set, answering));
  return { evidence: [...evidence.values()], troubles };
}

async function withStore(
  known: Evidence,
  { set, store, storeName }: Home,
  trusted: readonly TrustedSigner[],
  signal: AbortSignal,
): Promise<Evidence> {
  const { backups } = await listBackups(store, set, noteVerifier(store, trusted, signal), signal);
  const copies = backups.map((backup) => ({ store: storeName, backup }));
  const asked = [...new Set([...known.asked, storeName])];
  return { ...known, asked, copies: [...known.copies, ...copies] };
}

/** What nobody has backed up yet, and what is in no store that answers. */
function setsWithout(
  config: Config,
  names: readonly string[],
  evidence: ReadonlyMap<string, Evidence>,
): readonly string[] {
  const sets = [...evidence.keys()];
  return chooseOrders(config, names).flatMap(({ entry, only }) => {
    const wanted = only ?? [entry.name];
    const isServer = entry.server !== null && only === null;
    return wanted.filter((set) =>
      isServer ? !sets.some((each) => ownerOf(config.databases, each) === entry) : !sets.includes(set),
    );
  });
}

async function evidenceOf(
  { databases }: Config,
  set: string,
  answering: readonly string[],
): Promise<Evidence> {
  const entry = ownerOf(databases, set) ?? databases.find(({ name }) => name === set);
  const { schedule = null, stores = [], name = set } = entry ?? {};
  // What befalls a server as a whole is remembered by its name.
  const history = (await recall(set)) ?? (name === set ? null : await recall(name));
  const asked = stores.filter((store) => answering.includes(store));
  return { database: set, entry: { schedule }, copies: [], asked, history };
}
