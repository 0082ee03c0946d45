import { afterAll, expect, test } from "bun:test";
import fc from "fast-check";
import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  mergeSamples,
  parseSamples,
  printSamples,
  type Sample,
  type Update,
} from "../../src/notify/metrics.ts";
import { writeMetrics } from "../../src/notify/metrics-file.ts";

const folder = await mkdtemp(join(tmpdir(), "dbacked-metrics-"));
afterAll(() => rm(folder, { recursive: true }));

const sample: fc.Arbitrary<Sample> = fc.record({
  metric: fc.constantFrom(
    "dbacked_last_run_success",
    "dbacked_copy_bytes",
    "dbacked_last_run_timestamp_seconds",
  ),
  database: fc.string({ unit: fc.constantFrom("a", '"', "\\", "\n", "n", "}", ",", "é") }),
  store: fc.option(fc.string({ unit: fc.constantFrom("s", '"', "\\") })),
  value: fc.oneof(
    fc.nat(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n || 0),
  ),
});
const unique = fc.uniqueArray(sample, { selector: (each) => JSON.stringify({ ...each, value: 0 }) });
const sorted = (samples: readonly Sample[]) => samples.map((each) => JSON.stringify(each)).toSorted();

test("parseSamples() reads what printSamples() wrote", () => {
  fc.assert(
    fc.property(unique, (samples) => {
      expect(sorted(parseSamples(printSamples(samples)))).toEqual(sorted(samples));
    }),
  );
});

test("printSamples() writes the text format, each metric in one piece", () => {
  const samples: Sample[] = [
    { metric: "dbacked_copy_bytes", database: "shop", store: "s3", value: 1234 },
    { metric: "dbacked_last_run_success", database: 'a"b\\c\nd', store: null, value: 1 },
    { metric: "dbacked_copy_bytes", database: "crm", store: "s3", value: 5 },
  ];
  expect(printSamples(samples)).toBe(
    `# HELP dbacked_last_run_success Whether nothing failed in the last try.
# TYPE dbacked_last_run_success gauge
dbacked_last_run_success{database="a\\"b\\\\c\\nd"} 1
# HELP dbacked_copy_bytes Bytes of that backup as stored.
# TYPE dbacked_copy_bytes gauge
dbacked_copy_bytes{database="shop",store="s3"} 1234
dbacked_copy_bytes{database="crm",store="s3"} 5
`,
  );
});

test("parseSamples() leaves out what it does not know", () => {
  const lines = [
    'other{database="a"} 1',
    "dbacked_last_run_success 1",
    'dbacked_last_run_success{database="a"} nothing',
    'dbacked_last_run_success{database="a"} 1 garbage',
    '__proto__{database="a"} 1',
  ];
  expect(parseSamples(lines.join("\n"))).toEqual([]);
});

test("mergeSamples() keeps what is not known anew, unless its database or store is gone", () => {
  const of = (database: string, store: string | null, value: number): Sample => ({
    metric: "dbacked_copy_bytes",
    database,
    store,
    value,
  });
  const old = [of("a", "s3", 1), of("a", "nas", 2), of("b", "s3", 3), of("a", "gone", 4)];
  const samples = [of("a", "s3", 9)];
  expect(mergeSamples(old, { samples, databases: null, stores: ["s3", "nas"] })).toEqual([
    of("a", "s3", 9),
    of("a", "nas", 2),
    of("b", "s3", 3),
  ]);
  expect(mergeSamples(old, { samples, databases: ["a"], stores: ["s3"] })).toEqual([of("a", "s3", 9)]);
});

test("writeMetrics() writes a file that everybody can read, and keeps what stood there", async () => {
  const update = (database: string) => ({
    samples: [{ metric: "dbacked_last_run_success", database, store: null, value: 1 }] satisfies Sample[],
    databases: null,
    stores: [],
  });
  await writeMetrics(folder, "srv", update("srv.a"));
  await writeMetrics(folder, "srv", update("srv.b"));
  expect(await readdir(folder)).toEqual(["dbacked-srv.prom"]);
  const path = join(folder, "dbacked-srv.prom");
  expect((await stat(path)).mode & 0o777).toBe(0o644);
  expect(parseSamples(await readFile(path, "utf8")).map(({ database }) => database)).toEqual([
    "srv.a",
    "srv.b",
  ]);
});

test("writeMetrics() fails where it cannot write, and leaves nothing", async () => {
  const file = join(folder, "no-folder");
  await writeFile(file, "");
  await chmod(file, 0o600);
  const update = { samples: [], databases: null, stores: [] };
  expect(writeMetrics(join(file, "x"), "srv", update)).rejects.toThrow();
  expect(writeMetrics(join(folder, "nowhere"), "srv", update)).rejects.toThrow("ENOENT");
});

test("writeMetrics() follows no link that others made, and waits for no pipe", async () => {
  const shared = await mkdtemp(join(folder, "shared-"));
  const victim = join(folder, "victim");
  await writeFile(victim, 'dbacked_copy_bytes{database="secret"} 1\n', { mode: 0o600 });
  const path = join(shared, "dbacked-srv.prom");
  for (const name of [path, `${path}.${process.pid}.tmp`]) await symlink(victim, name);
  const update = {
    samples: [{ metric: "dbacked_last_run_success", database: "srv", store: null, value: 1 }],
    databases: null,
    stores: [],
  } satisfies Update;
  await writeMetrics(shared, "srv", update);
  expect(await readFile(victim, "utf8")).toContain("secret");
  expect((await stat(victim)).mode & 0o777).toBe(0o600);
  expect((await lstat(path)).isFile()).toBe(true);
  expect(await readFile(path, "utf8")).not.toContain("secret");
  await rm(path);
  expect(await Bun.spawn(["mkfifo", path]).exited).toBe(0);
  await writeMetrics(shared, "srv", update);
  expect((await lstat(path)).isFile()).toBe(true);
});
