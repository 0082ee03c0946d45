import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(import.meta.resolve("./at-terminal.ts"));
const ENTER = "\r";
const DOWN = "\u001B[B";
const CTRL_C = "\u0003";

/** Runs the program on a pseudo-terminal, types `keys` once `cue` has been printed, and gives all that was printed. */
async function atTerminal(what: string, cue: string, keys: string): Promise<string> {
  let screen = "";
  let typed = false;
  const decoder = new TextDecoder();
  const child = Bun.spawn([process.execPath, PROGRAM, what], {
    env: { TERM: "xterm", PATH: process.env["PATH"] ?? "" },
    terminal: {
      cols: 60,
      rows: 24,
      data(terminal, bytes) {
        screen += decoder.decode(bytes, { stream: true });
        if (typed || !screen.includes(cue)) return;
        typed = true;
        terminal.write(keys);
      },
    },
  });
  await child.exited;
  child.terminal?.close();
  return screen;
}

test.each([
  ["choose", "Which backup?", DOWN + DOWN + ENTER, "outcome: third"],
  ["passphrase", "Passphrase?", `hunter2${ENTER}`, "outcome: hunter2"],
  ["confirm", "Type shop", `shop${ENTER}`, "outcome: confirmed"],
  ["choose", "Which backup?", CTRL_C, "outcome: Interrupted: stopped by SIGINT"],
])("%s at a terminal, after %j, takes %j", async (what, cue, keys, outcome) => {
  expect(await atTerminal(what, cue, keys)).toContain(outcome);
});

test("askPassphrase() shows nothing of what is typed", async () => {
  const screen = await atTerminal("passphrase", "Passphrase?", `hunter2${ENTER}`);
  expect(screen.slice(0, screen.indexOf("outcome"))).not.toContain("hunter2");
});

test("showProgress() draws one line, gives way to other output, and is gone at the end", async () => {
  const screen = await atTerminal("progress", "\0", "");
  const lines = screen.split("\n").map((line) => line.split("\u001B[K").at(-1)?.trimEnd());
  expect(screen).toContain("\r\u001B[Kshop  2.00 KiB dumped");
  expect(lines).toContain("a line of the log");
  expect(lines).toContain("data");
  expect(lines.slice(-2)).toEqual(["outcome: done", ""]);
});

test.each([
  ["choose", "nobody can be asked here, this is no terminal: Which backup?"],
  ["passphrase", "nobody can be asked here, this is no terminal: Passphrase?"],
  ["confirm", "nobody can be asked here, this is no terminal: Type shop"],
])("%s refuses where there is no terminal", async (what, message) => {
  const child = Bun.spawn([process.execPath, PROGRAM, what], { stdin: "ignore", stderr: "ignore" });
  expect(await child.stdout.text()).toBe(`outcome: DbackedError: ${message}\n`);
});

test("flushOutput() waits for a slow reader, whatever a pipe holds", async () => {
  const child = Bun.spawn(["sh", "-c", `"${process.execPath}" "${PROGRAM}" flood | (sleep 0.3; wc -c)`]);
  expect(Number(await child.stdout.text())).toBe(3_000_001 + "outcome: printed\n".length);
});

test("flushOutput() takes no offence at a reader that has gone", async () => {
  const child = Bun.spawn(["sh", "-c", `"${process.execPath}" "${PROGRAM}" flood | head -c 3`], {
    stderr: "pipe",
  });
  expect([await child.stdout.text(), await child.stderr.text()]).toEqual(["xxx", ""]);
});
