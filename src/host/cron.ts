import { quoteForCron, requireOneLine } from "./quote.ts";

/** Where the entry belongs. Mode 0644, owned by root; no dot may be in such a name. */
export const CRON_FILE = "/etc/cron.d/dbacked";

/** What an entry of cron says. */
export interface CronEntry {
  /** The whole path of the program. */
  program: string;
  /** The whole path of the config file. */
  config: string;
  /** Who runs it. @see Unit.user */
  user: string;
  /** When it is run: the five fields of cron, by the clock of the host. With `ifDue` often, as in `*\/10 * * * *`. */
  at: string;
  /** Makes only what is due by the schedules of the config. */
  ifDue: boolean;
}

/** Cron's own PATH has no `/usr/local`, where dump programs may be. */
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Writes the text of `/etc/cron.d/dbacked`. What fails is printed, so that cron mails it; success is not.
 *
 * @throws {DbackedError} `usage`, if something in it cannot stand in a crontab.
 */
export function cronText({ program, config, user, at, ifDue }: CronEntry): string {
  const command = [program, "run", "--once", ...(ifDue ? ["--if-due"] : []), "--quiet", "--config", config];
  return [
    "# Written by dbacked. Cron mails what fails to MAILTO, which is root if nothing else is said.",
    "SHELL=/bin/sh",
    `PATH=${PATH}`,
    `${requireOneLine(at)} ${requireOneLine(user)} ${command.map(quoteForCron).join(" ")}`,
    "",
  ].join("\n");
}
