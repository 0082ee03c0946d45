import { DbackedError, exitCodeOf } from "../base/error.ts";
import { log } from "../base/log.ts";
import type { Config, DatabaseConfig } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { didYouMean } from "../config/nearest.ts";
import { defineCommand } from "./command.ts";
import { FLAT_OPTIONS, flatFlags } from "./flat-options.ts";
import type { Options } from "./option.ts";
import { printJson } from "./print/json.ts";
import { reportJson } from "./print/outcome.ts";
import { attempt, beginRun, type Outcome } from "./session.ts";
import { sourcesOf } from "./source.ts";

const options = {
  once: { kind: "flag", summary: "back up now and exit; this version has no other way" },
  adopt: { kind: "flag", summary: "go on with the backups that another source of the same name began" },
  ...FLAT_OPTIONS,
} as const satisfies Options;

export const command = defineCommand({
  description:
    "Backs up the databases of the config, or those that are named, one after another. One that fails does not stop the " +
    "others; the exit code is that of the first failure.",
  example: "dbacked run --once shop",
  operands: { value: "[NAME…]", least: 0, most: Infinity },
  options,
  async run({ args, operands, globals, print, signal }) {
    requireOnce(args.once);
    const sources = sourcesOf(globals, { flags: flatFlags(args) });
    const config = await loadConfig(sources, ["databases", "stores", "recipients", "signer"]);
    for (const warning of config.warnings) log.warn(warning);
    const databases = chooseDatabases(config, operands);
    const run = await beginRun({ config, databases, adopt: args.adopt, globals }, signal);
    const outcomes: Outcome[] = [];
    for (const database of databases) outcomes.push(await attempt(run, database, signal));
    if (globals.json) print(printJson(reportJson(outcomes)));
    const failed = outcomes.find((outcome) => "error" in outcome);
    return failed === undefined ? 0 : exitCodeOf(failed.error);
  },
});

function requireOnce(once: boolean): void {
  if (once) return;
  throw new DbackedError("usage", "This version follows no schedule: `run` needs --once", {
    hint: "let cron call it: 0 3 * * * dbacked run --once --quiet",
  });
}

function chooseDatabases(config: Config, names: readonly string[]): readonly DatabaseConfig[] {
  if (names.length === 0) return config.databases;
  const chosen = config.databases.filter(({ name }) => names.includes(name));
  const unknown = names.filter((name) => !chosen.some((database) => database.name === name));
  if (unknown.length === 0) return chosen;
  const known = config.databases.map(({ name }) => name);
  const named = unknown.map((name) => `"${name}"${didYouMean(name, known)}`);
  throw new DbackedError("usage", `The config has no database ${named.join(", ")}`, {
    hint: `it has ${known.join(", ")}`,
  });
}
