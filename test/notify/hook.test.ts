import { afterAll, expect, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DbackedError } from "../../src/base/error.ts";
import { argvOption, type Hook, runHook } from "../../src/notify/hook.ts";

const folder = await mkdtemp(join(tmpdir(), "dbacked-hook-"));
afterAll(() => rm(folder, { recursive: true }));
const never = new AbortController().signal;

function sh(script: string, more: Partial<Hook> = {}): { hook: Hook; lines: string[] } {
  const lines: string[] = [];
  const tell = (line: string) => lines.push(line);
  const argv = ["sh", "-c", script];
  return { hook: { name: "before", argv, limitMs: 10_000, facts: {}, tell, ...more }, lines };
}

async function failureOf(hook: Hook, signal = never): Promise<unknown> {
  return await runHook(hook, signal).catch((error: unknown) => error);
}

test("runHook() gives a command the facts, and nothing else of ours", async () => {
  process.env["DBACKED_S3_SECRET_ACCESS_KEY"] = "hunter2";
  const facts = { DBACKED_DATABASE: "shop", DBACKED_ERROR: "one\ntwo\0three" };
  const { hook, lines } = sh("env | grep -v '^PWD\\|^SHLVL\\|^OLDPWD\\|^_=' | sort", { facts });
  await runHook(hook, never);
  delete process.env["DBACKED_S3_SECRET_ACCESS_KEY"];
  const names = lines.map((line) => line.split("=")[0]);
  expect(names.filter((name) => name?.startsWith("DBACKED_"))).toEqual([
    "DBACKED_DATABASE",
    "DBACKED_ERROR",
    "DBACKED_HOOK",
  ]);
  expect(lines).toContain("DBACKED_HOOK=before");
  expect(lines).toContain("DBACKED_ERROR=one");
  expect(lines).toContain("twothree");
  expect(lines).toContain("LC_ALL=C");
  expect(lines.join()).not.toContain("hunter2");
});

test("runHook() tells what a command prints, up to a bound", async () => {
  const { hook, lines } = sh("echo out; echo err >&2; printf last");
  await runHook(hook, never);
  expect(lines.toSorted()).toEqual(["err", "last", "out"]);
  const much = sh("i=0; while [ $i -lt 500 ]; do echo $i; i=$((i+1)); done; head -c 3000000 /dev/zero");
  await runHook(much.hook, never);
  expect(much.lines).toHaveLength(101);
  expect(much.lines.at(-1)).toBe("[…]");
});

test("runHook() says that a command failed, and what it said", async () => {
  const { hook } = sh("echo it is broken >&2; exit 3");
  const error = await failureOf(hook);
  expect(error).toMatchObject({
    kind: "tool",
    message: "Its command before failed: sh failed with exit code 3: it is broken",
    hint: "run it by hand: sh -c 'echo it is broken >&2; exit 3'",
  });
  const missing = await failureOf({ ...hook, argv: ["/nowhere/tell", "it's"] });
  expect(missing).toMatchObject({ kind: "tool", hint: "run it by hand: /nowhere/tell 'it'\\''s'" });
  expect(missing).toBeInstanceOf(DbackedError);
});

test("runHook() kills a command that takes too long, with all that it started", async () => {
  const pid = join(folder, "pid");
  const { hook } = sh(`sleep 1000 & echo $! > ${pid}; wait`, { limitMs: 300 });
  expect(await failureOf(hook)).toMatchObject({
    kind: "tool",
    message: "Its command before failed: it did not end within 300 ms",
  });
  const started = Number(await readFile(pid, "utf8"));
  await Bun.sleep(50);
  expect(await stateOf(started)).toMatch(/^[ZX-]/);
});

test("runHook() kills a command on a signal, and throws its reason", async () => {
  const controller = new AbortController();
  const reason = new Error("stopped");
  setTimeout(() => controller.abort(reason), 100);
  const startedAt = performance.now();
  expect(await failureOf(sh("sleep 1000").hook, controller.signal)).toBe(reason);
  expect(performance.now() - startedAt).toBeLessThan(8000);
});

test.each([
  [["tell"], true],
  [["/usr/local/bin/tell", "", "a b"], true],
  [[], false],
  [[""], false],
  [["./tell"], false],
  ["tell all", false],
])("argvOption judges %p", (argv, good) => {
  expect(argvOption.safeParse(argv).success).toBe(good);
});

async function stateOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") -");
  return text.slice(text.lastIndexOf(")") + 2);
}
