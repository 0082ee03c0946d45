import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { temporaryFolder, waitUntil } from "../../scripts/services/service.ts";
import { collect, streamOf, utf8, type Bytes, type ByteStream } from "../../src/base/bytes.ts";
import { DbackedError } from "../../src/base/error.ts";
import { ProgramFailure, SECRET_FILE } from "../../src/tool/child.ts";
import { feed, readOutput, streamFrom } from "../../src/tool/run.ts";
import { errorOf } from "../conformance/sample.ts";

const folder = await temporaryFolder("run");
afterAll(() => folder[Symbol.asyncDispose]());

const never = new AbortController().signal;
const text = async (stream: ByteStream) => new TextDecoder().decode(await collect(stream, 1 << 24));
const shell = (script: string, ...args: string[]) => ["sh", "-c", script, "sh", ...args];
let files = 0;
const newFile = () => join(folder.path, `file-${(files += 1)}`);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

async function readPid(file: string): Promise<number> {
  await waitUntil(() => existsSync(file) && readFileSync(file, "utf8").endsWith("\n"), { what: file });
  return Number(readFileSync(file, "utf8"));
}

/** Gives `pieces`, then fails. */
function breaking(error: Error, ...pieces: Bytes[]): ByteStream {
  const rest = pieces.values();
  return new ReadableStream<Bytes>({
    async pull(controller) {
      const next = rest.next();
      if (next.done) {
        await Bun.sleep(100);
        throw error;
      }
      controller.enqueue(next.value);
    },
  });
}

function endless(onCancel: () => void = () => {}): ByteStream {
  return new ReadableStream<Bytes>({
    pull: (controller) => controller.enqueue(new Uint8Array(65536)),
    cancel: onCancel,
  });
}

describe("streamFrom()", () => {
  test("gives all bytes and ends when the program exits with code 0", async () => {
    const { bytes, stderr } = streamFrom({ argv: shell("head -c 3000000 /dev/zero; echo note >&2") }, never);
    expect((await collect(bytes, 1 << 24)).length).toBe(3_000_000);
    expect(await stderr).toBe("note");
  });

  test("fails when the program exits with another code, and shows the end of stderr", async () => {
    const { bytes } = streamFrom({ argv: shell("echo data; echo 'no such table' >&2; exit 3") }, never);
    const failure = await errorOf(text(bytes));
    expect(failure).toBeInstanceOf(ProgramFailure);
    expect(failure).toMatchObject({ kind: "tool", exitCode: 3, stderr: "no such table" });
    expect(failure.message).toBe("sh failed with exit code 3: no such table");
  });

  test("fails when the program is killed, and says by which signal", async () => {
    const { bytes } = streamFrom({ argv: shell("echo data; kill -9 $$") }, never);
    const failure = await errorOf(text(bytes));
    expect(failure).toMatchObject({ exitCode: null, message: "sh was killed by SIGKILL" });
  });

  test("fails when the program does not exist", async () => {
    const { bytes, stderr } = streamFrom({ argv: ["/nowhere/pg_dump"] }, never);
    const failure = await errorOf(text(bytes));
    expect(failure).toBeInstanceOf(ProgramFailure);
    expect(failure.message).toContain("cannot start /nowhere/pg_dump");
    expect(await stderr).toBe("");
  });

  test("fails when a program left behind holds the output without writing, and kills it", async () => {
    const file = newFile();
    const { bytes } = streamFrom({ argv: shell('echo data; sleep 100 & echo $! > "$1"', file) }, never);
    const startedAt = performance.now();
    const failure = await errorOf(text(bytes));
    expect(failure.message).toContain("still held its output");
    expect(performance.now() - startedAt).toBeLessThan(50_000);
    const pid = await readPid(file);
    await waitUntil(() => !isAlive(pid), { what: "the grandchild to be dead" });
  });

  test("fails when a program left behind writes for ever", async () => {
    const { bytes } = streamFrom({ argv: shell("yes & exit 0") }, never);
    const failure = await errorOf(bytes.pipeTo(new WritableStream()));
    expect(failure).toMatchObject({ kind: "tool" });
  });

  test("takes what a program left behind still writes, if the output ends soon", async () => {
    const { bytes } = streamFrom({ argv: shell("(sleep 0.3; echo late) & echo early") }, never);
    expect(await text(bytes)).toBe("early\nlate\n");
  });

  test("does not wait for a program left behind that holds only stderr", async () => {
    const { bytes } = streamFrom({ argv: shell("sleep 100 >/dev/null & echo data") }, never);
    const startedAt = performance.now();
    expect(await text(bytes)).toBe("data\n");
    expect(performance.now() - startedAt).toBeLessThan(1900);
  });

  test("kills the program and its children on abort, and fails with the reason", async () => {
    const file = newFile();
    const controller = new AbortController();
    const { bytes } = streamFrom(
      { argv: shell('sleep 100 & echo $! > "$1"; wait', file) },
      controller.signal,
    );
    const reading = errorOf(text(bytes));
    const pid = await readPid(file);
    controller.abort(new Error("enough"));
    expect((await reading).message).toBe("enough");
    await waitUntil(() => !isAlive(pid), { what: "the grandchild to be dead" });
  });

  test("starts nothing when it was aborted before", async () => {
    const file = newFile();
    const { bytes } = streamFrom({ argv: ["touch", file] }, AbortSignal.abort(new Error("enough")));
    expect((await errorOf(text(bytes))).message).toBe("enough");
    expect(existsSync(file)).toBe(false);
  });

  test("kills the program and its children when the stream is cancelled", async () => {
    const file = newFile();
    const { bytes } = streamFrom({ argv: shell('sleep 100 & echo $! > "$1"; yes', file) }, never);
    const pid = await readPid(file);
    const reader = bytes.getReader();
    await reader.read();
    await reader.cancel();
    await waitUntil(() => !isAlive(pid), { what: "the grandchild to be dead" });
  });

  test("keeps the end of a flood on stderr, bounded, and shows each line to the watcher", async () => {
    let lines = 0;
    const { bytes, stderr } = streamFrom(
      { argv: shell("yes 'a warning' | head -n 300000 >&2; echo last >&2"), watch: () => (lines += 1) },
      never,
    );
    await text(bytes);
    const kept = await stderr;
    expect(kept.length).toBeLessThanOrEqual(65536);
    expect(kept.endsWith("a warning\nlast")).toBe(true);
    expect(lines).toBe(300_001);
  });

  test("gives a clean environment: nothing of the caller's but what programs need", async () => {
    process.env["PGDATABASE"] = "wrong";
    process.env["AWS_SECRET_ACCESS_KEY"] = "wrong";
    const { bytes } = streamFrom({ argv: ["/usr/bin/env"], env: { PGAPPNAME: "dbacked" } }, never);
    const names = (await text(bytes)).split("\n").map((line) => line.split("=")[0]);
    delete process.env["PGDATABASE"];
    delete process.env["AWS_SECRET_ACCESS_KEY"];
    const allowed = new Set(["", "PATH", "HOME", "TMPDIR", "TZ", "LC_ALL", "PGAPPNAME"]);
    expect(names.filter((name) => !allowed.has(name ?? ""))).toEqual([]);
    expect(names).toContain("PGAPPNAME");
  });

  test("bounds memory when the consumer is slow", async () => {
    const script = join(import.meta.dir, "slow-consumer.ts");
    const child = Bun.spawn([process.execPath, script], { stdout: "pipe", stderr: "inherit" });
    const grown = Number(await new Response(child.stdout).text());
    expect(grown).toBeGreaterThan(0);
    expect(grown).toBeLessThan(40);
  });
});

describe("streamFrom() with stdin", () => {
  test("is a filter between two streams", async () => {
    const body = new Blob([new Uint8Array(5_000_000).fill(97)]).stream() as ByteStream;
    const { bytes } = streamFrom({ argv: ["tr", "a", "b"], stdin: body }, never);
    const out = await collect(bytes, 1 << 24);
    expect(out.length).toBe(5_000_000);
    expect(out.every((byte) => byte === 98)).toBe(true);
  });

  test("fails with the error of its input, and the program never sees an end", async () => {
    const file = newFile();
    const stdin = breaking(new Error("damaged"), utf8("half"));
    const { bytes } = streamFrom({ argv: shell('cat; touch "$1"', file), stdin }, never);
    expect((await errorOf(text(bytes))).message).toBe("damaged");
    expect(existsSync(file)).toBe(false);
  });

  test("cancels its input when the program fails", async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const stdin = endless(() => resolve(true));
    const { bytes } = streamFrom({ argv: shell("echo bad >&2; exit 1"), stdin }, never);
    expect((await errorOf(text(bytes))).message).toBe("sh failed with exit code 1: bad");
    expect(await promise).toBe(true);
  });

  test("cancels its input when it is cancelled", async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const { bytes } = streamFrom({ argv: ["cat"], stdin: endless(() => resolve(true)) }, never);
    const reader = bytes.getReader();
    await reader.read();
    await reader.cancel();
    expect(await promise).toBe(true);
  });
});

describe("feed()", () => {
  test("feeds everything and gives stderr", async () => {
    const file = newFile();
    const body = new Blob([new Uint8Array(5_000_000)]).stream() as ByteStream;
    expect(await feed({ argv: shell('wc -c > "$1"; echo done >&2', file) }, body, never)).toBe("done");
    expect(readFileSync(file, "utf8").trim()).toBe("5000000");
  });

  test("kills the program before it could see the end when the body fails", async () => {
    const file = newFile();
    const body = breaking(new DbackedError("damaged", "segment 3 is damaged"), utf8("half"));
    const failure = await errorOf(feed({ argv: shell('cat >/dev/null; touch "$1"', file) }, body, never));
    expect(failure).toMatchObject({ kind: "damaged", message: "segment 3 is damaged" });
    await Bun.sleep(100);
    expect(existsSync(file)).toBe(false);
  });

  test("kills what the program started too when the body fails", async () => {
    const file = newFile();
    const inner = 'cat >/dev/null; touch "$1"';
    const argv = shell(`exec 3<&0; sh -c '${inner}' sh "$1" <&3 & wait`, file);
    await errorOf(feed({ argv }, breaking(new Error("damaged"), utf8("half")), never));
    await Bun.sleep(100);
    expect(existsSync(file)).toBe(false);
  });

  test("kills the program before it could see the end on abort", async () => {
    const file = newFile();
    const controller = new AbortController();
    const feeding = errorOf(
      feed({ argv: shell('cat >/dev/null; touch "$1"', file) }, endless(), controller.signal),
    );
    await Bun.sleep(50);
    controller.abort(new Error("enough"));
    expect((await feeding).message).toBe("enough");
    await Bun.sleep(100);
    expect(existsSync(file)).toBe(false);
  });

  test("gives the program's own error, not a broken pipe, when it exits early", async () => {
    const failure = await errorOf(feed({ argv: shell("echo 'bad input' >&2; exit 3") }, endless(), never));
    expect(failure.message).toBe("sh failed with exit code 3: bad input");
  });

  test("gives the program's own error when the body waits", async () => {
    const waiting = new ReadableStream<Bytes>({ pull: () => new Promise(() => {}) });
    const failure = await errorOf(feed({ argv: shell("exit 4") }, waiting, never));
    expect(failure).toMatchObject({ exitCode: 4 });
  });

  test("fails when the program exits with code 0 before it has read everything", async () => {
    const failure = await errorOf(feed({ argv: ["head", "-c", "10"] }, endless(), never));
    expect(failure.message).toBe("head exited before it had read all its input");
  });

  test("succeeds when the program stops reading after the last byte, before the end of the stream", async () => {
    const slowEnd = new ReadableStream<Bytes>({
      start: (controller) => controller.enqueue(utf8("0123456789")),
      async pull(controller) {
        await Bun.sleep(200);
        controller.close();
      },
    });
    expect(await feed({ argv: ["head", "-c", "10"] }, slowEnd, never)).toBe("");
  });

  test("fails with the error of a body that fails after the program has exited with code 0", async () => {
    const body = breaking(new Error("damaged"), utf8("0123456789"));
    const failure = await errorOf(feed({ argv: ["head", "-c", "10"] }, body, never));
    expect(failure.message).toBe("damaged");
  });

  test("fails and cancels the body when the program does not exist", async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const failure = await errorOf(
      feed(
        { argv: ["/nowhere/psql"] },
        endless(() => resolve(true)),
        never,
      ),
    );
    expect(failure.message).toContain("cannot start /nowhere/psql");
    expect(await promise).toBe(true);
  });
});

describe("readOutput()", () => {
  test("gives the program a secret in a file without a name, which can be read again", async () => {
    const before = readdirSync(tmpdir());
    const script = `stat -L -c %a ${SECRET_FILE}; cat ${SECRET_FILE} ${SECRET_FILE}; tr '\\0' ' ' </proc/$$/cmdline; ls ${tmpdir()}`;
    const said = await readOutput({ argv: shell(script), secretFile: "geheim ü\n" }, never);
    expect(said).toStartWith("600\ngeheim ü\ngeheim ü\nsh -c");
    expect(said.match(/geheim/g)).toHaveLength(2);
    expect(
      said.split("\n").filter((name) => /^dbacked-[0-9a-f]{32}$/.test(name) && !before.includes(name)),
    ).toEqual([]);
  });

  test("gives other programs no such file", async () => {
    const failure = await errorOf(readOutput({ argv: ["cat", SECRET_FILE] }, never));
    expect(failure.message).toContain("No such");
  });

  test("gives short output as text", async () => {
    expect(await readOutput({ argv: ["cat"], stdin: streamOf(utf8("héllo")) }, never)).toBe("héllo");
  });

  test("refuses output beyond the limit", async () => {
    const failure = await errorOf(readOutput({ argv: ["yes"] }, never, 1000));
    expect(failure).toBeInstanceOf(RangeError);
  });
});
