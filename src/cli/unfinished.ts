import { exitCodeOf } from "../base/error.ts";
import { log } from "../base/log.ts";
import type { Config } from "../config/config.ts";
import { findUnfinished } from "../job/prune.ts";
import type { Context } from "./command.ts";
import { findHomes } from "./homes.ts";
import { printJson } from "./print/json.ts";
import { printUnfinished, type ShownUnfinished, unfinishedJson } from "./print/unfinished.ts";
import type { SET_OPTIONS } from "./sets.ts";
import { tableLook } from "./terminal.ts";

/** Lists what was begun in the stores and never finished. */
export async function listUnfinished(
  { args, globals, print, signal }: Context<typeof SET_OPTIONS>,
  config: Config,
): Promise<number> {
  const names = args.database === undefined ? [] : [args.database];
  const { homes, troubles } = await findHomes(config, { names, store: args.store }, signal);
  const [first] = troubles;
  if (homes.length === 0 && first !== undefined) throw first.failure;
  for (const { failure } of troubles) log.warn(failure.message);
  const shown: ShownUnfinished[] = [];
  for (const home of homes) {
    const tellUnseen = ({ message }: Error) =>
      log.warn(`${home.set}: what is half-written cannot be seen: ${message}`);
    const verdicts = await findUnfinished({ ...home, tellUnseen }, signal);
    shown.push(...verdicts.map((verdict) => ({ home, verdict })));
  }
  if (globals.json) print(printJson(shown.map(unfinishedJson)));
  else if (shown.length === 0) log.info("Nothing is unfinished.");
  else print(printUnfinished(shown, tableLook(globals)));
  return first === undefined ? 0 : exitCodeOf(first.failure);
}
