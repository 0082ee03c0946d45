import { join } from "node:path";
import { requireProgram, runProgram } from "../services/service.ts";
import type { S3Server } from "../services/s3-server.ts";
import { BUCKET, type Ground } from "./ground.ts";
import { type Measured, measureCommand } from "./process.ts";
import type { Subject } from "./subject.ts";

interface Way {
  name: string;
  command: readonly string[];
}

/** Where backups go. */
interface Places {
  ground: Ground;
  s3: S3Server;
}

/** Dumps a full database in every way by turns, and gives a table with the medians and their ratio to the first one's. */
export async function compareWays(places: Places, subject: Subject, rounds: number): Promise<string> {
  const ways = await listWays(places, subject);
  const results = new Map<string, Measured[]>(ways.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, command } of ways) {
      results.get(name)?.push(await measureCommand(command));
      await empty(places.ground);
    }
  }
  return printTable(results, `${subject.holds}; medians of ${rounds} rounds by turns`);
}

async function listWays(
  { ground, s3 }: Places,
  { type, url, program, command, small }: Subject,
): Promise<Way[]> {
  const { folder, dbacked } = ground;
  const [age, rclone, zstd] = ["age", "rclone", "zstd"].map((name) => requireProgram(name, name));
  const key = await ageRecipient(folder);
  const remote = `:s3,provider=Other,env_auth=false,access_key_id=${s3.accessKeyId},secret_access_key=${s3.secretAccessKey},endpoint='${s3.endpoint}'`;
  const shell = (name: string, line: string) => ({ name, command: ["bash", "-o", "pipefail", "-c", line] });
  const database = { name: "bench", type, url };
  const backUp = async (store: "folder" | S3Server) => {
    const config = await ground.writeConfig(store, database);
    return [dbacked, "run", "--once", "--quiet", "--config", config];
  };
  return [
    shell(`${program} | zstd -3 -T0 >/dev/null`, `${command} | ${zstd} -q -3 -T0 >/dev/null`),
    shell(`${program} >/dev/null`, `${command} >/dev/null`),
    ...(small === undefined ? [] : [shell(`${small.program} >/dev/null`, `${small.command} >/dev/null`)]),
    shell(
      `${program} | zstd -3 -T0 | age | rclone rcat (S3)`,
      `${command} | ${zstd} -q -3 -T0 | ${age} -r ${key} | ${rclone} -q --config /dev/null rcat "${remote}:${BUCKET}/by-rclone"`,
    ),
    { name: "dbacked to a folder", command: await backUp("folder") },
    { name: "dbacked to S3", command: await backUp(s3) },
  ];
}

async function ageRecipient(folder: string): Promise<string> {
  const file = join(folder, "age.key");
  await runProgram(["rm", "-f", file]);
  await runProgram([requireProgram("age-keygen", "age"), "-o", file]);
  return (await runProgram(["age-keygen", "-y", file])).trim();
}

/** The disk must not fill up. What is gone is no other database's, either: the next one's set begins anew. */
async function empty({ folder }: Ground): Promise<void> {
  await runProgram(["find", join(folder, "store"), "-type", "f", "-delete"]);
}

function printTable(results: ReadonlyMap<string, readonly Measured[]>, title: string): string {
  const medians = new Map([...results].map(([name, runs]) => [name, median(runs.map(({ ms }) => ms))]));
  const [baseline = Number.NaN] = medians.values();
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
