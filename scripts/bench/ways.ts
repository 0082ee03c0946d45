import { join } from "node:path";
import { requireProgram, runProgram } from "../services/service.ts";
import type { Ground } from "./ground.ts";
import { type Measured, measureCommand } from "./process.ts";

interface Way {
  name: string;
  command: readonly string[];
}

/** What all others are compared with. */
const BASELINE = "pg_dump -Fc -Z0 | zstd -3 -T0 >/dev/null";

/** pgbench's rows are mostly spaces, which flatter every compressor: as many bytes again are like those of a shop. */
const EVENTS = `CREATE TABLE event AS SELECT g AS id, timestamptz '2026-01-01' + g * interval '7 seconds' AS at,
  md5(g::text) AS token, (g::bigint * 7919 % 100003)::int AS cents,
  'order ' || g % 977 || ' shipped to ' || md5((g % 5000)::text) AS note FROM generate_series(1, ROWS) g`;

const EVENTS_PER_SCALE = 75_000;

/** Runs every way by turns, and gives a table with the medians and their ratio to the baseline. */
export async function compareWays(
  ground: Ground,
  { scale, rounds }: { scale: number; rounds: number },
): Promise<string> {
  const { postgres } = ground;
  await postgres.query("CREATE DATABASE bench");
  await runProgram([
    join(postgres.binDirectory, "pgbench"),
    "-q",
    "-i",
    "-s",
    `${scale}`,
    postgres.url("bench"),
  ]);
  await postgres.query(EVENTS.replace("ROWS", String(scale * EVENTS_PER_SCALE)), "bench");
  const ways = await listWays(ground);
  const results = new Map<string, Measured[]>(ways.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, command } of ways) {
      results.get(name)?.push(await measureCommand(command));
      await empty(ground);
    }
  }
  return printTable(
    results,
    `pgbench -i -s ${scale} and ${scale * EVENTS_PER_SCALE} events, ${rounds} rounds by turns`,
  );
}

async function listWays(ground: Ground): Promise<Way[]> {
  const { postgres, s3, bucket, folder } = ground;
  const dump = `${postgres.binDirectory}/pg_dump -Fc`;
  const url = postgres.url("bench");
  const [age, rclone, zstd] = ["age", "rclone", "zstd"].map((name) => requireProgram(name, name));
  const key = await ageRecipient(folder);
  const remote = `:s3,provider=Other,env_auth=false,access_key_id=${s3.accessKeyId},secret_access_key=${s3.secretAccessKey},endpoint='${s3.endpoint}'`;
  const shell = (line: string) => ["bash", "-o", "pipefail", "-c", line];
  return [
    { name: BASELINE, command: shell(`${dump} -Z0 '${url}' | ${zstd} -q -3 -T0 >/dev/null`) },
    { name: "pg_dump -Fc -Z0 >/dev/null", command: shell(`${dump} -Z0 '${url}' >/dev/null`) },
    { name: "pg_dump -Fc >/dev/null", command: shell(`${dump} '${url}' >/dev/null`) },
    {
      name: "pg_dump -Fc -Z0 | zstd -3 -T0 | age | rclone rcat (S3)",
      command: shell(
        `${dump} -Z0 '${url}' | ${zstd} -q -3 -T0 | ${age} -r ${key} | ${rclone} -q --config /dev/null rcat "${remote}:${bucket}/by-rclone"`,
      ),
    },
    ...(await listOwn(ground)),
  ];
}

/** dbacked itself: into each store, with and without reading back what it stored. */
async function listOwn(ground: Ground): Promise<Way[]> {
  const ways: Way[] = [];
  for (const [store, where] of [
    ["folder", "a folder"],
    ["s3", "S3"],
  ] as const) {
    for (const readBack of ["full", "sample", "off"] as const) {
      const config = await ground.writeConfig(store, "bench", { readBack });
      const command = [ground.dbacked, "run", "--once", "--quiet", "--config", config];
      ways.push({ name: `dbacked to ${where}, readBack = "${readBack}"`, command });
    }
  }
  return ways;
}

async function ageRecipient(folder: string): Promise<string> {
  const file = join(folder, "age.key");
  await runProgram([requireProgram("age-keygen", "age"), "-o", file]);
  return (await runProgram(["age-keygen", "-y", file])).trim();
}

/** The disk must not fill up; the identity may stay. */
async function empty({ folder }: Ground): Promise<void> {
  await runProgram(["find", join(folder, "store"), "-name", "*.dbk*", "-delete"]);
  await runProgram(["find", join(folder, "store"), "-name", "*.json", "-delete"]);
}

function printTable(results: ReadonlyMap<string, readonly Measured[]>, title: string): string {
  const medians = new Map([...results].map(([name, runs]) => [name, median(runs.map(({ ms }) => ms))]));
  const baseline = medians.get(BASELINE) ?? Number.NaN;
  const rows = [...results].map(([name, runs]) => {
    const ms = medians.get(name) ?? Number.NaN;
    const peak = Math.max(...runs.map(({ peakBytes }) => peakBytes));
    const memory = name.startsWith("dbacked") ? `${Math.round(peak / 2 ** 20)} MiB` : "";
    return `| ${name.replaceAll("|", "\\|")} | ${(ms / 1000).toFixed(2)} s | ${(ms / baseline).toFixed(2)} | ${memory} |`;
  });
  return [title, "", "| way | median | ratio | peak RSS |", "|---|--:|--:|--:|", ...rows].join("\n");
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
