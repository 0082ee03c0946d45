// Runs all tests in several processes at once, each with a part of the files: `bun scripts/shards.ts [processes]`.
// `bun test` alone runs them one after the other. What the parts take is in test/timings.json; it only decides who runs what, and
// `bun test --timings=test/timings.json --update-timings` writes it anew.
import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";

/** Counts by what bun calls them, in the order in which it prints them. */
const COUNTED = ["pass", "skip", "todo", "fail"] as const;

type Counts = Partial<Record<(typeof COUNTED)[number], number>>;

/** How one process ended. */
interface Ending {
  isGood: boolean;
  counts: Counts;
  failures: readonly string[];
}

/** Runs one part, in a temporary folder of its own, and finds fault with it if anything stays there. */
async function runShard(number: number, total: number): Promise<Ending> {
  const folder = await mkdtemp(join(tmpdir(), "shard-"));
  // Some tests look into it as another user.
  await chmod(folder, 0o755);
  const part = [`--shard=${number}/${total}`, "--timings=test/timings.json"];
  const child = Bun.spawn([process.execPath, "test", "--no-orphans", "--timeout=60000", ...part], {
    env: { ...process.env, TMPDIR: folder },
    stdout: "ignore",
    // All that `bun test` says goes there.
    stderr: "pipe",
  });
  const ending = await show(child.stderr);
  await child.exited;
  const left = await readdir(folder);
  await rm(folder, { recursive: true, force: true });
  const failures = [...ending.failures];
  const { pass = 0, fail = 0 } = ending.counts;
  if (child.signalCode !== null) failures.push(`part ${number} of the tests died of ${child.signalCode}`);
  else if (pass + fail === 0) failures.push(`part ${number} of the tests ran none`);
  if (left.length > 0) failures.push(`part ${number} of the tests left behind ${left.join(", ")}`);
  return { isGood: child.exitCode === 0 && failures.length === 0, counts: ending.counts, failures };
}

/** Prints what a process says, one file's lines at once, so that those of another process do not come in between. */
async function show(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Omit<Ending, "isGood">> {
  const counts: Counts = {};
  const failures = new Set<string>();
  let block = "";
  for await (const line of linesOf(stream)) {
    if (/^test\/\S+:$/.test(line)) {
      process.stdout.write(block);
      block = "";
    }
    block += `${line}\n`;
    if (line.startsWith("(fail)")) failures.add(line.replace(/ \[[\d.]+m?s\]$/, ""));
    const [, count, of] = /^ *(\d+) (pass|skip|todo|fail)$/.exec(line) ?? [];
    const name = COUNTED.find((each) => each === of);
    if (name !== undefined) counts[name] = Number(count);
  }
  process.stdout.write(block);
  return { counts, failures: [...failures] };
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

// Tests wait a lot, so that one processor has room for two of them; and each process has servers of its own.
const total = Number(process.argv[2] ?? Math.min(Math.max(availableParallelism(), 2), 4));
// No process at all would have no failure either.
if (!Number.isInteger(total) || total < 1)
  throw new Error(`expected a number of processes, not ${process.argv[2]}`);
const endings = await Promise.all(Array.from({ length: total }, (_, index) => runShard(index + 1, total)));
const failures = endings.flatMap((ending) => ending.failures);
console.log(["", "All parts together:", ...failures].join("\n"));
for (const name of COUNTED) {
  const sum = endings.reduce((sum, { counts }) => sum + (counts[name] ?? 0), 0);
  if (sum > 0 || name === "pass" || name === "fail") console.log(` ${sum} ${name}`);
}
if (!endings.every(({ isGood }) => isGood)) process.exitCode = 1;
