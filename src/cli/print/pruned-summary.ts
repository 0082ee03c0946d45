import type { DbackedError } from "../../base/error.ts";
import { log } from "../../base/log.ts";
import { printBytes } from "../../base/units.ts";
import type { Globals } from "../command.ts";
import type { Trouble } from "../homes.ts";
import { complain, logForm } from "../terminal.ts";
import { printError } from "./error.ts";
import { type Pruned, removedBytes, rowsOf } from "./pruned.ts";
import { printable } from "./text.ts";

/** Keys that are named; the others are counted. */
const NAMED = 3;

/** Tells on stderr how much went, what was left alone, and what went wrong. */
export function tellPruned(
  pruned: readonly Pruned[],
  troubles: readonly Trouble[],
  globals: Globals & { dryRun: boolean },
): void {
  for (const each of pruned) tellSet(each, globals.dryRun);
  for (const { database, store, failure } of troubles) {
    const look = { form: logForm(globals), about: database ?? store, verbose: globals.verbose };
    complain(printError(failure, look));
  }
}

function tellSet({ home, pruning, removals }: Pruned, isDryRun: boolean): void {
  if (pruning === null) return;
  const { set, store } = home;
  for (const { key, failure } of pruning.broken)
    log.warn(`${store.label}/${key} is no backup, and is left alone: ${failure.message}`);
  const ignored = pruning.verdicts.filter(({ fate }) => fate === "ignored").length;
  if (ignored > 0)
    log.info(
      `${set}: ${count(ignored, "backup")} not counted and left alone; whoever knows better removes them by hand`,
    );
  const { foreign } = pruning.holdings;
  if (foreign.length > 0)
    log.info(`${set}: left alone, since dbacked has not written it: ${nameSome(foreign)}`);
  if (isDryRun || removals !== null) log.info(`${set}: ${summarize({ home, pruning, removals }, isDryRun)}`);
}

/** As in `removed 3 backups and 1 piece of unfinished work (1.23 GiB); 9 backups kept`. */
function summarize(pruned: Pruned, isDryRun: boolean): string {
  const rows = rowsOf(pruned, isDryRun);
  const of = (wanted: string) => rows.filter(({ fate }) => fate === wanted);
  const backups = of("removed").filter(({ target }) => "backup" in target).length;
  const pieces = of("removed").length - backups;
  const staying = of("kept").filter(({ target }) => "backup" in target).length;
  const gone = [
    ...(backups > 0 ? [count(backups, "backup")] : []),
    ...(pieces > 0 ? [`${count(pieces, "piece")} of unfinished work`] : []),
  ];
  const verb = isDryRun ? "would remove" : "removed";
  const removed =
    gone.length === 0
      ? `${verb} nothing`
      : `${verb} ${gone.join(" and ")} (${printBytes(removedBytes(rows))})`;
  const retained = of("retained").length;
  const locked = retained === 0 ? [] : [`the store retains ${retained}`];
  return [removed, ...locked, `${count(staying, "backup")} kept`].join("; ");
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function nameSome(keys: readonly string[]): string {
  const more = keys.length > NAMED ? ` and ${keys.length - NAMED} more` : "";
  return `${keys.slice(0, NAMED).map(printable).join(", ")}${more}`;
}

/** The same after a backup, in one line, and only if something was done. */
export function tellPrunedAfter(pruned: Pruned): void {
  const { home, removals } = pruned;
  if (removals !== null && removals.done.length > 0) log.info(`${home.set}: ${summarize(pruned, false)}`);
}

/** Tells that pruning after a backup did not go well; the backup is as good as before. */
export function warnOfPruning(set: string, { message, hint }: DbackedError): void {
  log.warn(
    `${set}: the backup is stored, but old ones could not be pruned: ${message}${hint === undefined ? "" : `; ${hint}`}`,
  );
}
