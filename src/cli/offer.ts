import { spell } from "../config/flat-names.ts";
import { type Command, type Group, isGroup } from "./command.ts";
import { flagOf, GLOBAL_OPTIONS, type Offers, type Option, type Options } from "./option.ts";

/** What could stand in the place of an unfinished word. */
export interface Offered {
  /** Paths are left to the shell. */
  kind: "words" | "files" | "folders";
  words: readonly Word[];
}

/** A word and, for shells that show it, what it means. */
interface Word {
  text: string;
  summary: string;
}

/** Reads the names of the databases or the stores of a config; undefined is the usual one. */
export type ConfigNames = (
  of: "databases" | "stores",
  config: string | undefined,
) => Promise<readonly string[]>;

/** What the finished words of a command line have led to. */
interface Place {
  target: Command | Group;
  /** The option whose value is next. */
  awaited: Option | null;
  operands: number;
  /** Keys of options that stand there already. */
  given: Set<string>;
  /** The value of `--config`. */
  config: string | undefined;
  /** Whether `--` was seen. */
  isOperandsOnly: boolean;
}

const NOTHING: Offered = { kind: "words", words: [] };

/** Says what could stand in the place of the last of `words`, which begin behind the program's own name. */
export async function offer(root: Group, words: readonly string[], names: ConfigNames): Promise<Offered> {
  const place = await follow(root, words.slice(0, -1));
  if (place === null) return NOTHING;
  const current = words.at(-1) ?? "";
  const offered = await offerAt(place, current, names);
  return { ...offered, words: offered.words.filter(({ text }) => text.startsWith(current)) };
}

async function offerAt(place: Place, current: string, names: ConfigNames): Promise<Offered> {
  const { target, awaited, isOperandsOnly, operands } = place;
  const valuesOf = async (what: { value: string; offers?: Offers }) => await offerValues(what, place, names);
  if (awaited !== null) return "value" in awaited ? await valuesOf(awaited) : NOTHING;
  if (current.startsWith("-") && !isOperandsOnly) {
    const [, flag, option, value] = split(current, optionsOf(target));
    if (value === undefined || option === null || !("value" in option)) return offerOptions(place);
    const values = await valuesOf(option);
    return {
      ...values,
      words: values.words.map(({ text, summary }) => ({ text: `${flag}=${text}`, summary })),
    };
  }
  if (isGroup(target)) return offerCommands(target);
  const isFull = operands >= (target.operands?.most ?? 0);
  const values = isFull || target.operands === undefined ? NOTHING : await valuesOf(target.operands);
  const isIdle = values === NOTHING && current === "" && !isOperandsOnly;
  return isIdle ? offerOptions(place) : values;
}

/** Goes through the finished words; null where one of them is no command. */
async function follow(root: Group, words: readonly string[]): Promise<Place | null> {
  const place: Place = {
    target: root,
    awaited: null,
    operands: 0,
    given: new Set(),
    config: undefined,
    isOperandsOnly: false,
  };
  for (const word of words) {
    if (place.awaited !== null) takeValue(place, word);
    else if (place.isOperandsOnly) place.operands++;
    else if (word === "--") place.isOperandsOnly = true;
    else if (word.startsWith("-")) takeOption(place, word);
    else if (!isGroup(place.target)) place.operands++;
    else {
      const { commands } = place.target;
      const entry = Object.hasOwn(commands, word) ? commands[word] : undefined;
      if (entry === undefined) return null;
      place.target = await entry.load();
    }
  }
  return place;
}

function takeValue(place: Place, value: string): void {
  if (place.awaited === GLOBAL_OPTIONS.config) place.config = value;
  place.awaited = null;
}

function takeOption(place: Place, word: string): void {
  const [key, , option, value] = split(word, optionsOf(place.target));
  if (option === null) return;
  place.given.add(key);
  if (!("value" in option)) return;
  place.awaited = option;
  if (value !== undefined) takeValue(place, value);
}

/** An option as it was typed: its key, its flag, what it is (null: nothing known), and what stands behind `=`. */
function split(word: string, options: Options): [string, string, Option | null, string | undefined] {
  const at = word.indexOf("=");
  const flag = at === -1 ? word : word.slice(0, at);
  const [key, option] = Object.entries(options).find(
    ([key, option]) => flag === `--${spell(key)}` || flag === flagOf(key, option),
  ) ?? ["", null];
  return [key, flag, option, at === -1 ? undefined : word.slice(at + 1)];
}

function optionsOf(target: Command | Group): Options {
  return isGroup(target) ? GLOBAL_OPTIONS : { ...GLOBAL_OPTIONS, ...target.options };
}

function offerOptions({ target, given }: Place): Offered {
  const words = Object.entries(optionsOf(target)).flatMap(([key, option]): Word[] => {
    if (option.kind === "refused" || option.summary === "") return [];
    if (given.has(key) && option.kind !== "texts") return [];
    return [{ text: flagOf(key, option), summary: option.summary }];
  });
  return { kind: "words", words };
}

function offerCommands({ commands }: Group): Offered {
  const words = Object.entries(commands).map(([text, { summary }]) => ({ text, summary }));
  return { kind: "words", words };
}

async function offerValues(
  { value, offers }: { value: string; offers?: Offers },
  { config }: Place,
  names: ConfigNames,
): Promise<Offered> {
  if (offers !== undefined) {
    const texts = typeof offers === "string" ? await names(offers, config) : offers;
    return { kind: "words", words: texts.map((text) => ({ text, summary: "" })) };
  }
  if (/\bFILE\b/.test(value)) return { kind: "files", words: [] };
  return /\bDIR\b/.test(value) ? { kind: "folders", words: [] } : NOTHING;
}
