import { exists } from "node:fs/promises";
import { dirname } from "node:path";
import { DbackedError } from "../base/error.ts";
import type { Config } from "../config/config.ts";
import { writtenFolders } from "../config/written-folders.ts";
import { CRON_FILE, type CronEntry, cronText } from "../host/cron.ts";
import { UNIT_FILE, unitText } from "../host/unit.ts";

/** What calls the program when a backup is due. */
export type Service = "systemd" | "cron";

/** A file that has to be written for that, and its text. */
export interface ServiceFile {
  service: Service;
  path: string;
  text: string;
}

interface Caller {
  /** The whole path of the program. */
  program: string;
  /** The whole path of the config. */
  file: string;
  config: Config;
  /** As the config has it, and by which clock. */
  schedule: string;
  zone: string;
  /** By which clock cron goes; null if that is not known. */
  cronZone: string | null;
}

/** Systemd runs here. @see sd_booted(3) */
const SYSTEMD = "/run/systemd/system";

/** How often is looked whether something is due, where cron cannot say when. */
const OFTEN = "*/10 * * * *";

const CRON_FIELDS = /^[\d*/,-]+(?: [\d*/,-]+){4}$/;

/** Its daemon: the folder alone is there without it, as in images of Debian. */
const CRONS = ["cron", "crond", "cronie", "fcron"];

const CRON_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What could call the program on this host, the better one first; nothing, for a user who may not set it up. */
export async function servicesHere(isRoot: boolean): Promise<readonly Service[]> {
  if (!isRoot) return [];
  const hasSystemd = await exists(SYSTEMD);
  const isInstalled = CRONS.some((name) => Bun.which(name, { PATH: CRON_PATH }) !== null);
  const hasCron = isInstalled && (await exists(dirname(CRON_FILE)));
  return [...(hasSystemd ? ["systemd" as const] : []), ...(hasCron ? ["cron" as const] : [])];
}

/**
 * Refuses, before anything is written, what could not be set up.
 *
 * @throws {DbackedError} `target`
 */
export async function requireService(service: Service, isRoot: boolean): Promise<void> {
  const path = service === "cron" ? CRON_FILE : UNIT_FILE;
  if (!isRoot)
    throw new DbackedError("target", `${path} cannot be written: that takes root`, {
      hint: "run it as root; without --service, it gives a line for your own crontab",
    });
  if (!(await servicesHere(isRoot)).includes(service))
    throw new DbackedError("target", `There is no ${service} that runs on this host`);
  if (!(await exists(path))) return;
  throw new DbackedError("target", `${path} is there already, and nothing is overwritten`, {
    hint: "it belongs to another set-up: change it by hand, or remove it first",
  });
}

/** What has to be written so that `service` calls the program. */
export async function serviceFile(service: Service, caller: Caller): Promise<ServiceFile> {
  if (service === "cron") return { service, path: CRON_FILE, text: cronText(cronOf(caller, "root")) };
  const { program, file, config } = caller;
  const unit = {
    program,
    config: file,
    environmentFile: null,
    user: "root",
    name: null,
    writes: await writtenFolders(config),
  };
  return { service, path: UNIT_FILE, text: unitText(unit) };
}

/** The line for a user's own crontab, where nobody else is named. */
export function crontabLine(caller: Caller): string {
  const entry = cronOf(caller, "me");
  const line = cronText(entry).trimEnd().split("\n").at(-1) ?? "";
  return `${entry.at} ${line.slice(`${entry.at} ${entry.user} `.length)}`;
}

/**
 * Cron calls at the very times of the schedule if it can say them; else often, and what is due is made, by the schedule of the
 * config.
 */
function cronOf({ program, file, schedule, zone, cronZone }: Caller, user: string): CronEntry {
  const isPlain = zone === cronZone && CRON_FIELDS.test(schedule);
  return { program, config: file, user, at: isPlain ? schedule : OFTEN, ifDue: !isPlain };
}
