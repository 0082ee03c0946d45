import { spell } from "../config/flat-names.ts";

/**
 * Something that stands as `--name` on the command line. Its key in a command is the name in camelCase. One with an empty
 * summary is not in the help.
 */
export type Option = Flag | Text | Texts | Whole | Refused;

/** On or off. With `on: true` it is on unless `--no-name` is given. */
interface Flag {
  kind: "flag";
  summary: string;
  on?: boolean;
  short?: string;
}

/**
 * What a shell offers for a value: words, or names of the config. A value that the help calls `FILE` or `DIR` needs none:
 * paths are offered.
 */
export type Offers = readonly string[] | "databases" | "stores";

interface Text {
  kind: "text";
  /** What stands for the value in the help: `FILE`. */
  value: string;
  summary: string;
  offers?: Offers;
}

/** Like a text, but it may be given several times. */
interface Texts {
  kind: "texts";
  value: string;
  summary: string;
  offers?: Offers;
}

/** A whole number, not negative. */
interface Whole {
  kind: "whole";
  value: string;
  summary: string;
}

/** An option that only exists to say what to use instead. Its value is never read. */
interface Refused {
  kind: "refused";
  why: string;
  instead: string;
}

export type Options = Readonly<Record<string, Option>>;

/** What a command gets for its options. */
export type ValuesOf<O extends Options> = { readonly [Key in keyof O]: ValueOf<O[Key]> };

type ValueOf<O extends Option> = O extends Flag
  ? boolean
  : O extends Texts
    ? readonly string[]
    : O extends Whole
      ? number | undefined
      : O extends Text
        ? string | undefined
        : undefined;

/** What every command takes. */
export const GLOBAL_OPTIONS = {
  config: {
    kind: "text",
    value: "FILE",
    summary:
      "the config file (or DBACKED_CONFIG; default ~/.config/dbacked/config.toml, then /etc/dbacked/config.toml)",
  },
  json: { kind: "flag", summary: "print one JSON document on stdout" },
  quiet: { kind: "flag", summary: "say nothing but warnings and errors" },
  verbose: { kind: "flag", summary: "say everything" },
  color: { kind: "flag", on: true, summary: "no colours (the same as NO_COLOR=1)" },
  help: { kind: "flag", short: "h", summary: "print this help" },
  version: { kind: "flag", summary: "print the version" },
} as const satisfies Options;

/** How an option is given: `--name`, or `--no-name` where it is on by itself. */
export function flagOf(key: string, option: Option): string {
  return option.kind === "flag" && option.on === true ? `--no-${spell(key)}` : `--${spell(key)}`;
}
