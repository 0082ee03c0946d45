import { startCountingStore } from "../services/counting-store.ts";
import { type Postgres, startPostgres } from "../services/postgres.ts";
import { runProgram } from "../services/service.ts";
import { writeTools } from "./dump-tools.ts";
import type { Ground } from "./ground.ts";
import { soakParts } from "./many-parts-run.ts";
import { measureCommand } from "./process.ts";
import { HEADINGS, isTooMuch, printRow, type Row } from "./soak-row.ts";

/** Larger dumps are not kept, since they would fill a disk; then there is nothing to read back. */
const LARGEST_KEPT_GB = 20;

/** What is written to a folder: its store has no parts, and nothing that could grow. */
const FOLDER_GB = 5;

const PART_BYTES = 8 * 1024 * 1024;

/** What to soak in, and how. */
export interface SoakOptions {
  /** Sizes of dumps in GB, `folder`, `volumes`, `parts` or `5TiB`. */
  sizes: readonly string[];
  /** What the slow store takes in a second. */
  bytesPerSecond: number;
  /** After so long a run is stopped. */
  limitMs?: number | undefined;
}

/** One run. */
interface Load {
  name: string;
  gigabytes: number;
  maxParts: number;
  compression: "none" | 3;
  bytesPerSecond: number;
  keeps: boolean;
}

/** Where the runs take place. */
interface Site {
  ground: Ground;
  postgres: Postgres;
  options: SoakOptions;
}

/**
 * Backs up synthetic dumps, and gives a table of the memory that each took. The dump program is replaced by one that
 * writes a valid archive with one endless table.
 *
 * @returns false if any took more than it may.
 */
export async function soak(ground: Ground, options: SoakOptions): Promise<boolean> {
  await using postgres = await startPostgres();
  await postgres.query("CREATE DATABASE soak");
  await postgres.query("CREATE TABLE endless (line text)", "soak");
  await postgres.query("INSERT INTO endless VALUES (repeat('x', 1000))", "soak");
  const site = { ground, postgres, options };
  console.log(HEADINGS);
  let isWithin = true;
  for (const size of options.sizes) {
    const row = await soakIn(site, size);
    isWithin &&= !isTooMuch(row);
    console.log(printRow(row));
  }
  return isWithin;
}

async function soakIn(site: Site, size: string): Promise<Row> {
  const { options } = site;
  if (size === "parts") return await soakParts(options.limitMs);
  return size === "folder" ? await soakFolder(site) : await soakDump(site, loadOf(size, options));
}

function loadOf(size: string, { bytesPerSecond }: SoakOptions): Load {
  const usual = { maxParts: 10_000, compression: 3 as const, bytesPerSecond, keeps: true };
  // Each part is a volume; half of the dump is left after compression.
  if (size === "volumes") {
    const gigabytes = (1049 * 2 * PART_BYTES) / 1e9;
    return { ...usual, name: `${gigabytes.toFixed(1)} GB`, gigabytes, maxParts: 1, bytesPerSecond: 0 };
  }
  if (size === "5TiB")
    return {
      name: "5 TiB",
      gigabytes: (5 * 2 ** 40) / 1e9,
      maxParts: 1000,
      compression: "none",
      bytesPerSecond: 0,
      keeps: false,
    };
  const gigabytes = Number(size);
  if (!(gigabytes > 0))
    throw new Error(`--sizes are numbers of GB, folder, volumes, parts or 5TiB, not ${size}`);
  return { ...usual, name: `${size} GB`, gigabytes, keeps: gigabytes <= LARGEST_KEPT_GB };
}

async function soakFolder({ ground, postgres, options }: Site): Promise<Row> {
  const toolsDirectory = await writeTools(ground, postgres, FOLDER_GB);
  const config = await ground.writeConfig("folder", sourceOf(postgres), { toolsDirectory });
  const command = [ground.dbacked, "run", "--once", "--config", config];
  const measured = await measureCommand(command, options.limitMs);
  const dump = `${FOLDER_GB} GB`;
  return { dump, store: "a folder", measured, tally: null, note: "read back" };
}

function sourceOf(postgres: Postgres) {
  return { name: "soak", type: "postgres", url: postgres.url("soak") };
}

async function soakDump({ ground, postgres, options }: Site, load: Load): Promise<Row> {
  const { name, gigabytes, maxParts, compression, bytesPerSecond, keeps } = load;
  await using store = await startCountingStore({ bytesPerSecond, keeps });
  const toolsDirectory = await writeTools(ground, postgres, gigabytes);
  const readBack = keeps ? ("full" as const) : ("off" as const);
  const more = { toolsDirectory, readBack, maxParts, compression };
  const config = await ground.writeConfig(store, sourceOf(postgres), more);
  const command = [ground.dbacked, "run", "--once", "--config", config];
  const measured = await measureCommand(command, options.limitMs);
  const tally = await store.tally();
  if (keeps && !measured.isCut) await verify(ground, config);
  const speed = bytesPerSecond === 0 ? "as fast as it can" : `${bytesPerSecond / 1e6} MB/s`;
  const note = keeps ? "read back, verified" : "not kept, so not read back";
  return { dump: name, store: speed, measured, tally, note };
}

/** Opens what was stored once more, and compares it with the digest of the dump. */
async function verify({ dbacked, privateKey }: Ground, config: string): Promise<void> {
  await runProgram([dbacked, "verify", "--last", "--config", config, "--private-key-path", privateKey]);
}
