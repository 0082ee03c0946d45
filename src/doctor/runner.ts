import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";

import type { DatabaseConfig } from "../config/config.ts";
import type { AgentRecord } from "../host/agent-record.ts";
import { CRON_FILE } from "../host/cron.ts";
import { UNIT_FILE } from "../host/unit.ts";
import { type Check, doubtful, good } from "./check.ts";

const SUBJECT = "schedule";

/** Folders of crontabs, and of scripts that cron runs. */
const CRON_FOLDERS = [
  "etc/cron.d",
  "etc/cron.hourly",
  "etc/cron.daily",
  "etc/cron.weekly",
  "var/spool/cron",
  "var/spool/cron/crontabs",
];

const UNIT_FOLDERS = ["etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"];

/** What an editor or a package leaves beside a file, which nobody runs. */
const IS_LEFT_ASIDE = /^\.|~$|\.(?:bak|old|orig|save|sw[op]|disabled|rpm\w+|dpkg-\w+)$/;

/** A line that makes backups, and is no comment. */
const CALL = /^[^#]*\bdbacked\b.*\b(?:run|daemon)\b/;

/** What runs dbacked by itself, as far as it can be seen from here. */
export interface Runners {
  /** In words, as in `cron (/etc/cron.d/dbacked)`. */
  found: readonly string[];
  /** The units among them. */
  units: readonly string[];
  /** Whether it follows the schedules of the config; a crontab has its own times. */
  follows: boolean;
}

/** Says whether anything makes backups without being asked. */
export function checkRunners(
  { found, follows }: Omit<Runners, "units">,
  databases: readonly DatabaseConfig[],
): readonly Check[] {
  const unscheduled = databases.filter(({ schedule }) => schedule === null).map(({ name }) => name);
  const checks: Check[] = found.map((each) => good(SUBJECT, `dbacked is run by ${each}`));
  if (found.length === 0) {
    const hint = `\`dbacked init\` offers a systemd unit (${UNIT_FILE}) or an entry of cron (${CRON_FILE}); what starts it from elsewhere, as Kubernetes does, is not seen from here`;
    const what = "nothing was found on this host that runs dbacked by itself";
    checks.push(doubtful(SUBJECT, what, hint));
  }
  if (unscheduled.length > 0 && (follows || found.length === 0)) {
    const what = `${unscheduled.join(", ")} has no schedule, so that no agent backs it up, and nobody can say whether it is late`;
    checks.push(doubtful(SUBJECT, what, 'give it one, as in schedule = "0 3 * * *"'));
  }
  return checks;
}

/** Looks for units and crontabs, besides the agents that run. `root` is where the file system begins. */
export async function findRunners(
  agents: readonly AgentRecord[],
  path: string | null,
  root = "/",
): Promise<Runners> {
  const own = agents.filter(({ config }) => config === path).map(describe);
  const units = await findUnits(root, path);
  const crontabs = await findCalls({ root, config: path }, CRON_FOLDERS, ["etc/crontab"]);
  const timers = crontabs.map((file) => `cron (${file})`);
  const followers = [...own, ...units.map((file) => `systemd (${file})`)];
  return { found: [...followers, ...timers], units, follows: followers.length > 0 };
}

function describe({ name, pid, since }: AgentRecord): string {
  return `the agent "${name}" (process ${pid}, since ${since})`;
}

/** A unit that nobody enabled is not started with the host. */
async function findUnits(root: string, config: string | null): Promise<string[]> {
  const units = await findCalls({ root, config }, UNIT_FOLDERS, []);
  const wants = await readdir(join(root, "etc/systemd/system/multi-user.target.wants")).catch(() => []);
  const timers = await readdir(join(root, "etc/systemd/system/timers.target.wants")).catch(() => []);
  const enabled = new Set([...wants, ...timers].map((name) => name.replace(/\.(?:service|timer)$/, "")));
  return units.filter((file) => enabled.has(basename(file).replace(/\.service$/, "")));
}

async function findCalls(
  { root, config }: { root: string; config: string | null },
  folders: readonly string[],
  files: readonly string[],
): Promise<string[]> {
  const paths = [...files];
  for (const folder of folders) {
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
    for (const { name } of entries.filter((entry) => !entry.isDirectory()))
      if (!IS_LEFT_ASIDE.test(name)) paths.push(join(folder, name));
  }
  const found: string[] = [];
  for (const path of new Set(paths)) {
    const text = await Bun.file(join(root, path))
      .text()
      .catch(() => "");
    const isOurs = (line: string): boolean => CALL.test(line) && !namesAnother(line, config);
    if (text.split("\n").some(isOurs)) found.push(`/${path}`);
  }
  return found;
}

/** A line that names the file of another config makes none of our backups. One that names none may have a variable. */
function namesAnother(line: string, config: string | null): boolean {
  const named = /\s--config[\s=]+(\/[\w@:,./=+-]+)(?:\s|$)/.exec(line)?.[1];
  return config !== null && named !== undefined && named !== config;
}
