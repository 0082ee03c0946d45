/**
 * Measures the compiled program against what a shell can do: `bun scripts/bench.ts` for times, with `--engine mariadb` of
 * one engine only. Everything that is compared runs in one go, by turns; take the ratios, not the seconds.
 *
 * `--soak` measures the memory that large dumps take, to a slow store, and fails if it is more than it may be:
 * `--sizes 1,20,200` in GB, `folder` for 5 GB to a folder, `volumes` for a thousand volumes, `parts` for as many parts as
 * 5 TiB have, `5TiB` for these themselves, which take most of a day; `--rate 40` in MB/s is what the store takes; `--minutes 10` stops each run.
 *
 * Needs, besides what the tests need: age, rclone, zstd, and for MongoDB its database tools. `--soak` needs PostgreSQL alone.
 */
import { parseArgs } from "node:util";
import { startSeaweed } from "./services/seaweedfs.ts";
import { makeBucket, prepareBench } from "./bench/ground.ts";
import { soak } from "./bench/soak.ts";
import { type Subject, SUBJECTS } from "./bench/subject.ts";
import { compareWays } from "./bench/ways.ts";

const { values } = parseArgs({
  options: {
    scale: { type: "string", default: "50" },
    rounds: { type: "string", default: "5" },
    engine: { type: "string", default: Object.keys(SUBJECTS).join(",") },
    soak: { type: "boolean", default: false },
    sizes: { type: "string", default: "1,20,folder,volumes,parts" },
    rate: { type: "string", default: "40" },
    minutes: { type: "string" },
  },
});

await using ground = await prepareBench();
if (values.soak) {
  const isWithin = await soak(ground, {
    sizes: values.sizes.split(","),
    bytesPerSecond: Number(values.rate) * 1e6,
    limitMs: values.minutes === undefined ? undefined : Number(values.minutes) * 60_000,
  });
  if (!isWithin) process.exitCode = 1;
} else {
  await using s3 = await startSeaweed();
  await makeBucket(s3);
  for (const engine of values.engine.split(",")) {
    await using subject = await makeSubject(engine);
    console.log(`\n${await compareWays({ ground, s3 }, subject, Number(values.rounds))}`);
  }
}

function makeSubject(engine: string): Promise<Subject> {
  const make = SUBJECTS[engine];
  if (make === undefined) throw new Error(`--engine is one of ${Object.keys(SUBJECTS).join(", ")}`);
  return make(Number(values.scale));
}
