/**
 * Measures the compiled program against what a shell can do: `bun scripts/bench.ts` for times, `--soak 5,20` for the memory
 * that dumps of so many GB take. Everything that is compared runs in one go, by turns; take the ratios, not the seconds.
 *
 * Needs, besides what the tests need: age, rclone, zstd.
 */
import { parseArgs } from "node:util";
import { prepareBench } from "./bench/ground.ts";
import { compareWays } from "./bench/ways.ts";
import { soak } from "./bench/soak.ts";

const { values } = parseArgs({
  options: {
    scale: { type: "string", default: "50" },
    rounds: { type: "string", default: "5" },
    soak: { type: "string" },
  },
});

await using ground = await prepareBench();
if (values.soak === undefined) {
  console.log(await compareWays(ground, { scale: Number(values.scale), rounds: Number(values.rounds) }));
} else {
  console.log(await soak(ground, values.soak.split(",").map(Number)));
}
