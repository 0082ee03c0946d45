import { expect, test } from "bun:test";
import { waitUntil } from "../../scripts/services/service.ts";
import { runWorker } from "../../src/agent/worker.ts";

async function isRunning(pid: number): Promise<boolean> {
  const status = await Bun.file(`/proc/${pid}/stat`)
    .text()
    .catch(() => ") Z");
  return !/\) [ZX]/.test(status);
}

const never = new AbortController().signal;

function order(script: string, more: Partial<Parameters<typeof runWorker>[0]> = {}) {
  const lines: string[] = [];
  const watch = (line: string) => lines.push(line);
  const given = {
    argv: ["sh", "-c", script],
    env: process.env,
    input: "",
    silentMs: 60_000,
    graceMs: 60_000,
    watch,
  };
  return { lines, order: { ...given, ...more } };
}

test("runWorker() gives what it printed, its lines as they come, and its exit code", async () => {
  const { lines, order: given } = order("cat; echo one >&2; printf two >&2; exit 3", { input: "hello" });
  expect(await runWorker(given, never)).toEqual({ exitCode: 3, killed: null, stdout: "hello" });
  expect(lines).toEqual(["one", "two"]);
});

test("runWorker() asks a process to end, and kills it with its group after the grace", async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 200);
  const polite = order("trap 'echo bye; exit 0' TERM; sleep 30 & wait");
  expect(await runWorker(polite.order, stop.signal)).toEqual({
    exitCode: 0,
    killed: "stopped",
    stdout: "bye\n",
  });
  const deaf = order("trap '' TERM; while :; do sleep 0.2; done", { graceMs: 300 });
  const startedAt = performance.now();
  expect(await runWorker(deaf.order, stop.signal)).toMatchObject({ exitCode: null, killed: "stopped" });
  expect(performance.now() - startedAt).toBeLessThan(5000);
});

test("runWorker() kills with a process what that has started, in whatever group", async () => {
  const { lines, order: given } = order("setsid sleep 60 & echo $! >&2; kill -STOP $$", { silentMs: 1500 });
  expect(await runWorker(given, never)).toMatchObject({ killed: "silent" });
  await waitUntil(async () => !(await isRunning(Number(lines[0]))), { what: "the end of what it started" });
}, 20_000);

test("runWorker() kills what says nothing for too long, frozen or not", async () => {
  const talking = order("for i in 1 2 3 4 5 6; do sleep 0.5; echo $i >&2; done", { silentMs: 1500 });
  expect(await runWorker(talking.order, never)).toMatchObject({ exitCode: 0, killed: null });
  const frozen = order("kill -STOP $$", { silentMs: 1500 });
  expect(await runWorker(frozen.order, never)).toMatchObject({ exitCode: null, killed: "silent" });
}, 20_000);
