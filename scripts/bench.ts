/**
 * Measures the compiled program against what a shell can do: `bun scripts/bench.ts` for times, with
 * `--engine mariadb` of one engine only, `--soak 5,20` for the memory that dumps of so many GB take. Everything that is compared runs in one go, by turns; take the ratios, not the seconds.
 *
 * Needs, besides what the tests need: age, rclone, zstd, and for MongoDB its database tools.
 */
import { parseArgs } from "node:util";
import { prepareBench } from "./bench/ground.ts";
import { soak } from "./bench/soak.ts";
import { type Subject, SUBJECTS } from "./bench/subject.ts";
import { compareWays } from "./bench/ways.ts";

const { values } = parseArgs({
  options: {
    scale: { type: "string", default: "50" },
    rounds: { type: "string", default: "5" },
    engine: { type: "string", default: Object.keys(SUBJECTS).join(",") },
    soak: { type: "string" },
  },
});

await using ground = await prepareBench();
if (values.soak === undefined) {
  for (const engine of values.engine.split(",")) {
    await using subject = await makeSubject(engine);
    console.log(`\n${await compareWays(ground, subject, Number(values.rounds))}`);
  }
} else {
  console.log(await soak(ground, values.soak.split(",").map(Number)));
}

function makeSubject(engine: string): Promise<Subject> {
  const make = SUBJECTS[engine];
  if (make === undefined) throw new Error(`--engine is one of ${Object.keys(SUBJECTS).join(", ")}`);
  return make(Number(values.scale));
}
