import { DbackedError, exitCodeOf } from "../base/error.ts";
import { log } from "../base/log.ts";
import { selectBackup } from "../catalog/select.ts";
import { loadConfig } from "../config/load.ts";
import { type Context, defineCommand } from "./command.ts";
import { type Copied, copyOne, findGaps, type Gap, type Held } from "./copier.ts";
import { requireWanted, type Trouble } from "./homes.ts";
import type { Options } from "./option.ts";
import { copiedJson, printCopied } from "./print/copied.ts";
import { printError } from "./print/error.ts";
import { printJson } from "./print/json.ts";
import { readTrusted, SET_OPTIONS } from "./sets.ts";
import { readOwnSigner } from "./signer-file.ts";
import { sourcesOf } from "./source.ts";
import { complain, logForm, tableLook } from "./terminal.ts";

const { database } = SET_OPTIONS;

const options = {
  from: { kind: "text", value: "NAME", summary: "only what this store has", offers: "stores" },
  to: { kind: "text", value: "NAME", summary: "only what this store lacks", offers: "stores" },
  database,
  all: { kind: "flag", summary: "also what keep would not keep there" },
  dryRun: { kind: "flag", summary: "copy nothing; say what each store lacks" },
} as const satisfies Options;

type Args = Context<typeof options>["args"];

export const command = defineCommand({
  description:
    "Brings every store of a database the backups that another one of its stores has, and verifies every byte while it passes; it " +
    "needs no private key. What keep would not keep there is left, unless ID names it or --all is given. ID is six or more " +
    "digits of it, or DATABASE/TIME.",
  example: "dbacked copy --to nas",
  operands: { value: "[ID…]", least: 0, most: Infinity },
  options,
  async run({ args, operands, globals, print, signal }) {
    const config = await loadConfig(sourcesOf(globals), ["stores"]);
    for (const warning of config.warnings) log.warn(warning);
    const names = args.database === undefined ? [] : [args.database];
    for (const store of [args.from, args.to]) requireWanted(config, { names, store });
    const trusted = await readTrusted(config);
    const signer = args.dryRun ? null : await readOwnSigner(config);
    const found = await findGaps({ config, trusted }, args.database, signal);
    const { wanted, left, spoilt } = choose(found.gaps, found.held, { args, operands });
    const troubles = [...found.troubles, ...spoilt];
    for (const { failure } of troubles)
      complain(printError(failure, { form: logForm(globals), verbose: globals.verbose }));
    const copied: Copied[] = [];
    const copier = { config, trusted, signer, globals };
    if (!args.dryRun) for (const gap of wanted) copied.push(await copyOne(copier, gap, signal));
    const report = { copied, pending: args.dryRun ? wanted : [], left, troubles };
    const table = printCopied(report, tableLook(globals));
    if (globals.json) print(printJson(copiedJson(report)));
    else if (table !== null) print(table);
    else if (troubles.length === 0) log.info("There is nothing to copy.");
    const failures = [
      ...copied.flatMap(({ failure }) => failure ?? []),
      ...troubles.map((each) => each.failure),
    ];
    return failures[0] === undefined ? 0 : exitCodeOf(failures[0]);
  },
});

/** What is copied, what is left, and what cannot be copied since something else is there. */
function choose(
  gaps: readonly Gap[],
  held: readonly Held[],
  { args, operands }: { args: Args; operands: readonly string[] },
): { wanted: readonly Gap[]; left: readonly Gap[]; spoilt: readonly Trouble[] } {
  const all = held.flatMap(({ backups }) => backups.map((backup) => ({ backup })));
  const named = new Set(operands.map((operand) => selectBackup(all, operand).backup.name.stem));
  const { from, to } = args;
  const asked = gaps.flatMap((gap) => {
    const originals = gap.originals.filter(({ keeper }) => from === undefined || keeper.storeName === from);
    const stem = originals[0]?.backup.name.stem;
    const isMeant = stem !== undefined && (named.size === 0 || named.has(stem));
    return isMeant && (to === undefined || gap.target.storeName === to) ? [{ ...gap, originals }] : [];
  });
  const isWanted = ({ reason }: Gap): boolean => reason === null || args.all || named.size > 0;
  const spoilt = findSpoilt(held).flatMap(({ stem, ...trouble }) =>
    (named.size === 0 || named.has(stem)) && (to === undefined || trouble.store === to) ? [trouble] : [],
  );
  return { wanted: asked.filter(isWanted), left: asked.filter((gap) => !isWanted(gap)), spoilt };
}

/** Copies that do not count, of backups that count in another store: nothing is put in the place of what is there. */
function findSpoilt(held: readonly Held[]): (Trouble & { stem: string })[] {
  const all = held.flatMap((home) => home.backups.map((backup) => ({ home, backup })));
  const good = new Set(all.flatMap(({ backup }) => (backup.doubt === null ? backup.name.stem : [])));
  return all.flatMap(({ home: { set, store, storeName }, backup: { name, doubt } }) => {
    if (doubt === null || !good.has(name.stem)) return [];
    const failure = new DbackedError(
      "damaged",
      `${store.label} holds a copy of ${name.stem} that does not count: ${doubt}`,
      { hint: "nothing is overwritten: remove there what begins with that name, and copy again" },
    );
    return [{ database: set, store: storeName, failure, stem: name.stem }];
  });
}
