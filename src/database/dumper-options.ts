import { DbackedError } from "../base/error.ts";
import { splitWords } from "./words.ts";

/**
 * One option of a dump program, and what we think of it. `allowed`: the dump holds the same. `narrowing`: the dump holds
 * less, which is said everywhere. Anything else is the reason why it is refused.
 */
export interface DumperOption {
  long: string;
  /** Other spellings of the same option. */
  aliases?: readonly string[];
  short?: string;
  takesValue?: boolean;
  verdict: "allowed" | "narrowing" | { refused: string };
}

export interface JudgedOptions {
  /** The options in their long form, so that what was judged is what runs. */
  args: readonly string[];
  /** Those that narrow the dump. */
  narrowed: readonly string[];
}

/**
 * Reads options as getopt_long does (`-sx`, `-tNAME`, `-t NAME`, `--table=NAME`, unique abbreviations) and judges each.
 *
 * @param given words, or one line as a shell would split it.
 * @throws {DbackedError} `config`, naming every option that cannot be used, and why; {SyntaxError} if a quote is not closed.
 */
export function judgeOptions(
  program: string,
  options: readonly DumperOption[],
  given: string | readonly string[],
): JudgedOptions {
  const words = typeof given === "string" ? splitWords(given) : given;
  const args: string[] = [];
  const narrowed: string[] = [];
  const refused: string[] = [];
  for (const { word, option, value } of read(options, words)) {
    if (typeof option === "string") refused.push(`${word}: ${option}`);
    else if (typeof option.verdict === "object") refused.push(`${word}: ${option.verdict.refused}`);
    else {
      const arg = value === null ? `--${option.long}` : `--${option.long}=${value}`;
      args.push(arg);
      if (option.verdict === "narrowing") narrowed.push(arg);
    }
  }
  if (refused.length > 0)
    throw new DbackedError("config", `cannot be given to ${program}: ${refused.join("; ")}`);
  return { args, narrowed };
}

interface ReadOption {
  /** As the user wrote it, for messages: without a value. */
  word: string;
  /** The option, or what is wrong with the word. */
  option: DumperOption | string;
  value: string | null;
}

function* read(options: readonly DumperOption[], words: readonly string[]): Generator<ReadOption> {
  const rest = words.values();
  for (const word of rest) {
    if (word === "--") yield { word, option: "only options can be given", value: null };
    else if (word.startsWith("--")) yield readLong(options, word, rest);
    else if (word.startsWith("-") && word.length > 1) yield* readShort(options, word, rest);
    else yield { word, option: "not an option; the database is named in the config", value: null };
  }
}

type Rest = Iterator<string>;

function readLong(options: readonly DumperOption[], word: string, rest: Rest): ReadOption {
  const [name = "", ...values] = word.slice(2).split("=");
  const option = findLong(options, name);
  const given = word.includes("=") ? values.join("=") : null;
  return withValue({ word: `--${name}`, option, given }, rest);
}

/** A bundle such as `-sx` or `-tNAME`: each letter is an option, up to one that takes a value. */
function* readShort(options: readonly DumperOption[], word: string, rest: Rest): Generator<ReadOption> {
  for (let at = 1; at < word.length; at += 1) {
    const letter = word.charAt(at);
    const option = options.find(({ short }) => short === letter) ?? UNKNOWN;
    const attached = word.slice(at + 1);
    const takesValue = typeof option === "object" && option.takesValue;
    yield withValue(
      { word: `-${letter}`, option, given: takesValue && attached !== "" ? attached : null },
      rest,
    );
    // What follows an unknown letter may be its value.
    if (takesValue || option === UNKNOWN) return;
  }
}

const UNKNOWN = "not known to dbacked: tell us if you need it";

function withValue(
  read: { word: string; option: DumperOption | string; given: string | null },
  rest: Rest,
): ReadOption {
  const { word, option, given } = read;
  if (typeof option === "string") return { word, option, value: given };
  // Why it is refused matters more than how it is written.
  if (typeof option.verdict === "object" && given !== null) return { word, option, value: given };
  if (!option.takesValue)
    return given === null ? { word, option, value: null } : { word, option: "takes no value", value: given };
  if (given !== null) return { word, option, value: given };
  const next = rest.next();
  return next.done ? { word, option: "needs a value", value: null } : { word, option, value: next.value };
}

function findLong(options: readonly DumperOption[], name: string): DumperOption | string {
  const namesOf = (option: DumperOption) => [option.long, ...(option.aliases ?? [])];
  const exact = options.find((option) => namesOf(option).includes(name));
  if (exact !== undefined) return exact;
  const matching = options.filter((option) => namesOf(option).some((each) => each.startsWith(name)));
  const [only, ...others] = matching;
  if (only === undefined || name === "") return UNKNOWN;
  return others.length === 0
    ? only
    : `could be ${matching.map(({ long }) => `--${long}`).join(" or ")}: write it in full`;
}
