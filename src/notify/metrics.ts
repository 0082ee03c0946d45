/** What Prometheus learns, with its help: that must be the same in every file that node_exporter reads. */
const METRICS = {
  dbacked_last_success_timestamp_seconds: "When the newest good backup was taken, in any store.",
  dbacked_last_run_timestamp_seconds: "When the last try ended.",
  dbacked_last_run_success: "Whether nothing failed in the last try.",
  dbacked_last_run_duration_seconds: "How long the last try took.",
  dbacked_copy_timestamp_seconds: "When the newest good backup in the store was taken.",
  dbacked_copy_bytes: "Bytes of that backup as stored.",
  dbacked_copy_dump_bytes: "Bytes of that backup before compression.",
  dbacked_copy_complete: "Whether that backup lacks nothing.",
} as const;

type Metric = keyof typeof METRICS;

/** One number, of a database, or of its backups in one store. */
export interface Sample {
  metric: Metric;
  database: string;
  store: string | null;
  value: number;
}

/** What is known anew of the databases of one entry of the config. */
export interface Update {
  samples: readonly Sample[];
  /** The databases that there are; null if only some were looked at. */
  databases: readonly string[] | null;
  /** The stores that there are. */
  stores: readonly string[];
}

/** Puts new numbers in the place of old ones. What is not known anew stays, unless its database or store is gone. */
export function mergeSamples(old: readonly Sample[], { samples, databases, stores }: Update): Sample[] {
  const isThere = ({ database, store }: Sample) =>
    (databases?.includes(database) ?? true) && (store === null || stores.includes(store));
  const merged = new Map<string, Sample>();
  for (const sample of [...old.filter(isThere), ...samples])
    merged.set(JSON.stringify([sample.metric, sample.database, sample.store]), sample);
  return [...merged.values()];
}

/** The samples in the text format of Prometheus. @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function printSamples(samples: readonly Sample[]): string {
  const lines = Object.entries(METRICS).flatMap(([metric, help]) => {
    const own = samples.filter((sample) => sample.metric === metric);
    if (own.length === 0) return [];
    return [`# HELP ${metric} ${help}`, `# TYPE ${metric} gauge`, own.map(printSample).join("\n")];
  });
  return lines.map((line) => `${line}\n`).join("");
}

/** Reads what `printSamples` wrote; other lines are left out. */
export function parseSamples(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const [, metric = "", database, store, number] = SAMPLE.exec(line) ?? [];
    const value = Number(number);
    if (!isMetric(metric) || database === undefined || !Number.isFinite(value)) return [];
    return [
      { metric, database: unescape(database), store: store === undefined ? null : unescape(store), value },
    ];
  });
}

const SAMPLE = /^(\w+)\{database="((?:[^"\\]|\\.)*)"(?:,store="((?:[^"\\]|\\.)*)")?\} (\S+)$/;

function isMetric(name: string): name is Metric {
  return Object.hasOwn(METRICS, name);
}

function printSample({ metric, database, store, value }: Sample): string {
  const labels = [`database="${escape(database)}"`, ...(store === null ? [] : [`store="${escape(store)}"`])];
  return `${metric}{${labels.join(",")}} ${value}`;
}

function escape(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function unescape(value: string): string {
  return value.replaceAll(/\\(.)/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
}
