import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { requireProgram, temporaryFolder, type TemporaryFolder } from "../../scripts/services/service.ts";
import type { Command, Group } from "../../src/cli/command.ts";
import { offer } from "../../src/cli/offer.ts";
import { flagOf, GLOBAL_OPTIONS, type Options } from "../../src/cli/option.ts";
import { root } from "../../src/cli/root.ts";
import { binary } from "../integration/binary.ts";
import { openTerminal } from "./pty.ts";

setDefaultTimeout(60_000);

const NAMES = { databases: ["app", "shop"], stores: ["local", "s3"] };

async function offered(line: string): Promise<string[]> {
  const names = async (of: keyof typeof NAMES, config: string | undefined) =>
    config === "other.toml" ? ["other"] : NAMES[of];
  const { kind, words } = await offer(root, line.split(" "), names);
  return kind === "words" ? words.map(({ text }) => text) : [kind];
}

/** Every command, with the words that lead to it. */
async function walk(target: Command | Group, words: readonly string[]): Promise<[string, Command][]> {
  if (!("commands" in target)) return [[words.join(" "), target]];
  const inside = Object.entries(target.commands).map(async ([word, { load }]) =>
    walk(await load(), [...words, word]),
  );
  return (await Promise.all(inside)).flat();
}

const commands = await walk(root, []);

test("offer() offers every command", async () => {
  expect(await offered("")).toEqual(Object.keys(root.commands));
  expect(await offered("signer ")).toEqual(["new", "show"]);
});

test.each(commands)("offer() offers every option of %s that its help has", async (name, { options }) => {
  const all: Options = { ...GLOBAL_OPTIONS, ...options };
  const told = Object.entries(all).flatMap(([key, option]) =>
    option.kind === "refused" || option.summary === "" ? [] : [flagOf(key, option)],
  );
  expect(await offered(`${name} -`)).toEqual(told);
});

test.each([
  ["re", ["restore"]],
  ["rest", ["restore"]],
  ["--con", ["--config"]],
  ["--config ", ["files"]],
  ["--config other.toml run ", ["other"]],
  ["--config=other.toml run ", ["other"]],
  ["run ", ["app", "shop"]],
  ["run app s", ["shop"]],
  ["run --onc", ["--once"]],
  ["run --once --onc", []],
  ["run -- --onc", []],
  ["run --wait ", []],
  ["list --store ", ["local", "s3"]],
  ["list --store=l", ["--store=local"]],
  ["list --config=other.toml --database ", ["other"]],
  ["restore --private-key-path ", ["files"]],
  ["restore --private-key-path=", ["files"]],
  ["restore --no-si", ["--no-single-transaction"]],
  ["restore --single-transaction --no-si", []],
  ["restore --trust-signer a --trust-s", ["--trust-signer"]],
  ["restore --to --las", []],
  ["keygen --out ", ["folders"]],
  ["decrypt ", ["files"]],
  ["completion ", ["bash", "zsh", "fish"]],
  ["completion bash ", Object.entries(GLOBAL_OPTIONS).map(([key, option]) => flagOf(key, option))],
  ["frobnicate ", []],
  ["toString ", []],
])("offer() offers for %j: %j", async (line, expected) => {
  expect(await offered(line)).toEqual(expected);
});

describe("in a shell", () => {
  let folder: TemporaryFolder;
  let env: Record<string, string>;

  beforeAll(async () => {
    folder = await temporaryFolder("completion");
    const programs = join(folder.path, "bin");
    await mkdir(programs);
    await symlink((await binary()).path, join(programs, "dbacked"));
    const store = '[[stores]]\nname = "local"\ntype = "folder"\npath = "/srv/backups"\n';
    await Bun.write(join(folder.path, "my config.toml"), store);
    env = {
      PATH: `${programs}:${process.env["PATH"]}`,
      HOME: folder.path,
      DBACKED_CONFIG: join(folder.path, "my config.toml"),
      LC_ALL: "C.UTF-8",
      TERM: "xterm",
    };
  }, 60_000);

  afterAll(async () => {
    await folder[Symbol.asyncDispose]();
  });

  const bash = ["bash", "--norc", "--noprofile", "-i"];
  const zsh = ["zsh", "-f", "-i"];
  const fish = ["fish", "--no-config", "--interactive"];
  const loadZsh = 'autoload -U compinit; compinit -u -D; eval "$(dbacked completion zsh)"';

  // A line that is completed, and what then stands there.
  const lines: [string, string][] = [
    ["dbacked signer sh", "dbacked signer show "],
    ["dbacked list --store lo", "dbacked list --store local "],
    ["dbacked list --store=lo", "dbacked list --store=local "],
    ["dbacked --config my", "dbacked --config my\\ config.toml "],
    [
      "dbacked restore --to postgres://me@h/x --last-b",
      "dbacked restore --to postgres://me@h/x --last-backup ",
    ],
  ];

  test.each([
    ["bash", "bash", bash, 'eval "$(dbacked completion bash)"'],
    ["zsh", "zsh", zsh, loadZsh],
    ["fish", "fish", fish, "dbacked completion fish | source"],
  ])("%s completes what was begun", async (name, program, argv, load) => {
    requireProgram(program, program);
    const terminal = openTerminal(argv, { cwd: folder.path, env, columns: 200 });
    // The words are put together by the shell, so that their echo is not taken for them.
    terminal.type(`${load}; echo lo''aded\r`);
    await terminal.see("loaded");
    for (const [typed, completed] of lines) {
      // Home, and the whole line is an argument of echo's: what was completed is printed, not run.
      terminal.type(`${typed}\t`);
      terminal.type("\x01echo '<\x05>'\r");
      // zsh takes the blank back when more is typed behind it.
      await terminal.see(`<${name === "zsh" ? completed.trimEnd() : completed}>`);
    }
    terminal.type("exit\r");
    expect((await terminal.ended).code).toBe(0);
  });
});
