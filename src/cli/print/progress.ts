import { printBytes } from "../../base/units.ts";
import { printJsonLine } from "./json.ts";
import { liveLine } from "./live-line.ts";
import { cut, printable } from "./text.ts";

/** `line`: drawn over and over on a terminal. `json`: a line now and then. */
export type ProgressForm = "line" | "json" | "none";

/** What has been done so far: `["dumped", 1024]` in bytes. The rate is that of the first one that moves. */
export type Counts = readonly (readonly [verb: string, bytes: number])[];

const DRAW_EVERY_MS = 100;
const JSON_EVERY_MS = 5000;

/** A longer label would push the numbers out of a terminal. */
const LABEL_COLUMNS = 32;

/** The rate is that of the last few seconds. */
const RATE_OVER_MS = 3000;

/** Chooses how progress is shown on stderr. */
export function progressForm({ json, quiet }: { json: boolean; quiet: boolean }): ProgressForm {
  if (quiet) return "none";
  if (process.stderr.isTTY && process.env["TERM"] !== "dumb") return "line";
  return json ? "json" : "none";
}

/** Shows on stderr how far a job is, until it is disposed. */
export function showProgress(label: string, read: () => Counts, form: ProgressForm): Disposable {
  if (form === "none") return { [Symbol.dispose]() {} };
  const meter = new Meter(label, read, () => performance.now());
  const show = (): void => {
    if (form === "line") liveLine.draw(meter.line());
    else process.stderr.write(`${meter.json()}\n`);
  };
  const timer = setInterval(show, form === "line" ? DRAW_EVERY_MS : JSON_EVERY_MS);
  timer.unref();
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      liveLine.clear();
    },
  };
}

/** Knows how fast something goes, and for how long. */
export class Meter {
  readonly #label: string;
  readonly #read: () => Counts;
  readonly #now: () => number;
  readonly #startedAt: number;
  #samples: { at: number; bytes: readonly number[] }[];

  constructor(label: string, read: () => Counts, now: () => number) {
    this.#label = label;
    this.#read = read;
    this.#now = now;
    this.#startedAt = now();
    this.#samples = [{ at: this.#startedAt, bytes: [] }];
  }

  /** As in `shop  1.23 GiB dumped  412 MiB stored  98 MiB/s  0:42`. */
  line(): string {
    const counts = this.#read();
    const done = counts.map(([verb, bytes]) => `${printBytes(bytes)} ${verb}`);
    const rate = `${printBytes(this.#rate(counts.map(([, bytes]) => bytes)))}/s`;
    const label = cut(printable(this.#label), LABEL_COLUMNS);
    return [label, ...done, rate, stopwatch(this.#elapsedMs())].join("  ");
  }

  /** As in `{"progress":"shop","dumpedBytes":1024,"elapsedMs":42000}`. */
  json(): string {
    const counts = this.#read().map(([verb, bytes]) => [`${camelCase(verb)}Bytes`, bytes] as const);
    return printJsonLine({
      progress: this.#label,
      ...Object.fromEntries(counts),
      elapsedMs: Math.round(this.#elapsedMs()),
    });
  }

  #elapsedMs(): number {
    return this.#now() - this.#startedAt;
  }

  #rate(bytes: readonly number[]): number {
    const at = this.#now();
    this.#samples.push({ at, bytes });
    const firstFresh = this.#samples.findIndex((sample) => at - sample.at <= RATE_OVER_MS);
    this.#samples = this.#samples.slice(Math.max(0, firstFresh - 1));
    const oldest = this.#samples[0];
    if (oldest === undefined || at === oldest.at) return 0;
    const moved = bytes.map((count, which) => count - (oldest.bytes[which] ?? 0)).find((delta) => delta > 0);
    return ((moved ?? 0) * 1000) / (at - oldest.at);
  }
}

/** `read back` → `readBack` */
function camelCase(verb: string): string {
  return verb.replaceAll(/ (\w)/g, (_, letter: string) => letter.toUpperCase());
}

function stopwatch(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const rest = [Math.floor(seconds / 60) % 60, seconds % 60];
  const hours = Math.floor(seconds / 3600);
  const parts = hours > 0 ? [hours, ...rest] : rest;
  return parts.map((part, at) => (at === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}
