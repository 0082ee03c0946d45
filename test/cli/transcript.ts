import { chmod, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { temporaryFolder } from "../../scripts/services/service.ts";
import { binary } from "../integration/binary.ts";
import { Placeholders } from "./placeholders.ts";

const SQLITE = fileURLToPath(import.meta.resolve("./sqlite.ts"));

/** A shell in a folder of its own, in which `dbacked` is the compiled program. */
export interface Shell extends AsyncDisposable {
  /**
   * Runs the commands of a transcript, and gives it back with what they really print, in placeholders.
   *
   * A command begins with `$ ` and goes on in lines that begin with `> `; what follows is what it prints to stdout and
   * stderr, then `[exit N]` unless N is 0. Lines that begin with `#` are for the reader.
   */
  replay(transcript: string): Promise<string>;
}

/** Starts with an empty folder; what one transcript leaves there, the next one finds. */
export async function openShell(): Promise<Shell> {
  const folder = await temporaryFolder("transcripts");
  const home = join(folder.path, "home");
  const programs = join(folder.path, "bin");
  for (const path of [home, programs]) await mkdir(path);
  await symlink((await binary()).path, join(programs, "dbacked"));
  const sqlite = join(programs, "sqlite");
  await Bun.write(sqlite, `#!/bin/sh\nexec "${process.execPath}" "${SQLITE}" "$@"\n`);
  await chmod(sqlite, 0o755);
  const env = {
    PATH: `${programs}:${process.env["PATH"]}`,
    HOME: home,
    XDG_STATE_HOME: join(folder.path, "state"),
    LC_ALL: "C.UTF-8",
  };
  const placeholders = new Placeholders(home);
  return {
    async replay(transcript) {
      const blocks = readBlocks(transcript);
      for (const block of blocks) {
        if (block.command === null) continue;
        const output = await execute(placeholders.fill(block.command), { cwd: home, env });
        block.lines = placeholders.hide(output).split("\n");
      }
      return printBlocks(blocks);
    },
    [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose](),
  };
}

/** A command and what it printed, or lines for the reader. */
interface Block {
  /** Null for lines that are no command's. */
  command: string | null;
  lines: string[];
}

function readBlocks(transcript: string): Block[] {
  const blocks: Block[] = [];
  for (const line of transcript.trimEnd().split("\n")) {
    const last = blocks.at(-1);
    if (line.startsWith("$ ")) blocks.push({ command: line.slice(2), lines: [] });
    else if (/^>( |$)/.test(line) && typeof last?.command === "string" && last.lines.length === 0)
      last.command += `\n${line.slice(2)}`;
    else if (line.startsWith("#") && last?.command !== null) blocks.push({ command: null, lines: [line] });
    else last?.lines.push(line);
  }
  return blocks;
}

function printBlocks(blocks: readonly Block[]): string {
  const printed = blocks.map(({ command, lines }) => {
    const text = lines.join("\n").trimEnd();
    if (command === null) return `${text}\n`;
    const typed = command.split("\n").map((line, at) => `${at === 0 ? "$" : ">"} ${line}`.trimEnd());
    return [...typed, ...(text === "" ? [] : [text]), "", ""].join("\n");
  });
  return `${printed.join("").trimEnd()}\n`;
}

async function execute(
  command: string,
  options: { cwd: string; env: Record<string, string> },
): Promise<string> {
  const child = Bun.spawn(["sh", "-c", `exec 2>&1\n${command}`], {
    ...options,
    stdin: "ignore",
    stdout: "pipe",
  });
  const [output, code] = await Promise.all([child.stdout.text(), child.exited]);
  return `${output.trimEnd()}${code === 0 ? "" : `\n[exit ${code}]`}`.replace(/^\n/, "");
}
