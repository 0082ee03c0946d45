import { version } from "../../package.json";

/** Digits that tell backups and keys apart in short. */
const SHORT = 12;

const VARYING = new RegExp(
  [
    String.raw`(?<signer>ed25519:[A-Za-z0-9+/]{43}=)`,
    String.raw`(?<base64>"[A-Za-z0-9+/]{43}=")`,
    String.raw`(?<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{3})?Z|\d{8}T\d{6}Z)`,
    String.raw`(?<hex>\b(?:[0-9a-f]{64}|[0-9a-f]{32}|[0-9a-f]{12})\b)`,
    String.raw`(?<size>\b\d+(?:\.\d+)? (?:B|[KMG]iB)\b)`,
    String.raw`(?<duration>\b\d+(?:\.\d+)? m?s\b)`,
    String.raw`(?<bytes>(?<="\w*[bB]ytes": )\d+|(?<=^ +)\d+$)`,
    String.raw`(?<count>(?<=bytes, not )\d+)`,
    String.raw`(?<sqlite>\b3\.\d+\.\d+\b)`,
    String.raw`(?<version>\b${RegExp.escape(version)}\b)`,
  ].join("|"),
  "gm",
);

/**
 * Puts placeholders where a program's output varies: times, sizes, keys, and so on. Ids, digests and signers are
 * numbered in the order in which they show up, so that a later command can be given one.
 */
export class Placeholders {
  readonly #folder: string;
  readonly #names = new Map<string, string>();
  readonly #values = new Map<string, string>();

  /** @param folder - where the commands run; it is a placeholder too. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The text with placeholders; where there are any, columns cannot be aligned, and gaps are of two spaces. */
  hide(text: string): string {
    const hidden = text.replaceAll(this.#folder, "<here>").replaceAll(VARYING, (value, ...rest) => {
      const groups = rest.at(-1) as Record<string, string | undefined>;
      const kind = Object.keys(groups).find((name) => groups[name] !== undefined) ?? "";
      if (kind === "hex") return this.#nameHex(value);
      return kind === "signer" ? this.#nameOf("signer", value) : `<${kind}>`;
    });
    return hidden === text ? text : hidden.replaceAll(/(?<=\S) {2,}(?=\S)/g, "  ");
  }

  /** The text with the values that its numbered placeholders stand for. */
  fill(text: string): string {
    return text.replaceAll(/<[a-z]+-\d+>/g, (name) => this.#values.get(name) ?? name);
  }

  /** Short and long forms of the same thing have the same number. */
  #nameHex(value: string): string {
    const short = value.slice(0, SHORT);
    const known = this.#names.get(short);
    if (known !== undefined) return known;
    const name = this.#nameOf(value.length === 64 ? "digest" : "id", value);
    this.#names.set(short, name);
    return name;
  }

  #nameOf(kind: string, value: string): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const count = [...this.#values.keys()].filter((name) => name.startsWith(`<${kind}-`)).length;
    const name = `<${kind}-${count + 1}>`;
    this.#names.set(value, name);
    this.#values.set(name, value);
    return name;
  }
}
