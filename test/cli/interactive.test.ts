// The compiled program on a real terminal: what it asks, and how its lines look at 80 columns.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { binary } from "../integration/binary.ts";
import { sqliteDatabase, type Workspace, workspace } from "../integration/workspace.ts";
import { openTerminal, plainLines, type Session } from "./pty.ts";

const TIMEOUT_MS = 60_000;
const ENTER = "\r";
const DOWN = "\u001B[B";
const CTRL_C = "\u0003";
const PASSPHRASE = "correct horse";

let host: Workspace;
let source: string;
let ids: string[];
let signer: string;
let privateKey: string;

/** Two backups of one file, and a config in which their signer is unknown. */
beforeAll(async () => {
  host = await workspace();
  source = join(host.folder, "app.db");
  const passphrase = join(host.folder, "passphrase");
  await Bun.write(passphrase, `${PASSPHRASE}\n`);
  const kit = join(host.folder, "kit");
  await succeed(["keygen", "--out", kit, "--passphrase-file", passphrase]);
  privateKey = join(kit, "dbacked-private.pem");
  const encryption = { recipients: [join(kit, "dbacked-public.pem")] };
  await host.configure({ databases: [sqliteDatabase(source)], encryption });
  using database = new Database(source);
  database.run("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT)");
  database.run("INSERT INTO customers (name) VALUES ('Ada')");
  await succeed(["run", "--once"]);
  database.run("INSERT INTO customers (name) VALUES ('Grace')");
  await succeed(["run", "--once"]);
  const listed = JSON.parse(await succeed(["list", "--json"])) as { id: string; signer: string }[];
  ids = listed.map(({ id }) => id);
  signer = listed[0]?.signer ?? "";
}, TIMEOUT_MS);

afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

async function succeed(args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await host.run(args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.any(String) });
  return stdout;
}

async function atTerminal(args: readonly string[], env: Record<string, string> = {}): Promise<Session> {
  const { path } = await binary();
  const place = { HOME: host.folder, DBACKED_CONFIG: host.configFile };
  return openTerminal([path, ...args], { cwd: host.cwd, env: { ...place, ...env } });
}

test(
  "restore asks which backup, for the passphrase and for the name of the source",
  async () => {
    await rm(source);
    const session = await atTerminal(["restore", "--private-key-path", privateKey]);
    await session.see("Which backup?");
    await session.see(ids[1]?.slice(0, 12) ?? "");
    session.type(DOWN + ENTER);
    await session.see("Passphrase of");
    session.type(PASSPHRASE + ENTER);
    await session.see("Type app to restore into the database that was backed up");
    session.type(`shop${ENTER}`);
    await session.see("Type app to go on, or press Ctrl-C");
    session.type(`${"\u007F".repeat(4)}app${ENTER}`);
    const { code, screen } = await session.ended;

    expect(code).toBe(0);
    expect(screen).not.toContain(PASSPHRASE);
    const lines = plainLines(screen);
    const last = `Restored backup ${ids[1]?.slice(0, 12)} into ${source}`;
    expect(lines.findLast((line) => line !== "")).toStartWith(last);
    using restored = new Database(source);
    expect(restored.query("SELECT name FROM customers").values()).toEqual([["Ada"]]);
  },
  TIMEOUT_MS,
);

test.each([
  ["yes", DOWN + ENTER, 0, "Restored backup"],
  ["no", ENTER, 7, "which is not a trusted signer"],
  ["Ctrl-C", CTRL_C, 130, "stopped by SIGINT"],
])(
  "restore asks about a signer that is not trusted, and obeys %s",
  async (answer, keys, code, outcome) => {
    const target = join(host.folder, `restored-${answer}.db`);
    const to = ["--to", `sqlite://${target}`, "--private-key-path", privateKey];
    const env = { DBACKED_SIGNER_KEY: await otherSigner(), DBACKED_PRIVATE_KEY_PASSPHRASE: PASSPHRASE };
    const session = await atTerminal(["restore", ids[0] ?? "", ...to], env);
    await session.see(signer);
    await session.see("Yes, open it");
    session.type(keys);
    const { screen, ...ended } = await session.ended;

    expect(ended.code).toBe(code);
    expect(plainLines(screen).join("\n")).toContain(outcome);
    expect(await Bun.file(target).exists()).toBe(code === 0);
  },
  TIMEOUT_MS,
);

/** The signing key of another host. */
async function otherSigner(): Promise<string> {
  const folder = join(host.folder, "other");
  await Bun.write(join(folder, "config.toml"), "");
  await host.run(["signer", "new", "--config", join(folder, "config.toml")]);
  return await Bun.file(join(folder, "signer.pem")).text();
}

test(
  "keygen asks for the passphrase twice, and writes nothing if the answers differ",
  async () => {
    const folder = join(host.folder, "typed");
    const session = await atTerminal(["keygen", "--out", folder]);
    await session.see("Passphrase for the private key");
    session.type(`one${ENTER}`);
    await session.see("The same once more");
    session.type(`other${ENTER}`);
    const { code, screen } = await session.ended;
    expect(code).toBe(2);
    expect(plainLines(screen)).toContain("dbacked: error: The two passphrases differ");
    expect(await Bun.file(join(folder, "dbacked-private.pem")).exists()).toBe(false);
  },
  TIMEOUT_MS,
);

test(
  "keygen ends when its terminal goes away under the prompt",
  async () => {
    const folder = join(host.folder, "hung-up");
    const session = await atTerminal(["keygen", "--out", folder]);
    await session.see("Passphrase for the private key");
    session.hangUp();
    const ended = await Promise.race([session.ended, Bun.sleep(10_000)]);
    expect(ended?.code).toBeGreaterThan(0);
    expect(await Bun.file(join(folder, "dbacked-private.pem")).exists()).toBe(false);
  },
  TIMEOUT_MS,
);

test(
  "list keeps what matters at 80 columns, and cuts nothing where there is no terminal",
  async () => {
    const { screen } = await (await atTerminal(["list"])).ended;
    const [titles = "", ...lines] = plainLines(screen).filter((line) => line !== "");
    expect(titles.split(/ +/)).toEqual(["ID", "DATABASE", "TAKEN", "STORED", "ROWS", "STORE", "COMPLETE"]);
    expect(lines.map((line) => line.slice(0, 12))).toEqual(ids.map((id) => id.slice(0, 12)));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(await succeed(["list"])).toContain("  RECIPIENTS  ");
  },
  TIMEOUT_MS,
);

test.each([
  [{}, true],
  [{ NO_COLOR: "1" }, false],
  [{ TERM: "dumb" }, false],
])(
  "list with %j is bold: %p",
  async (env, isBold) => {
    const { screen } = await (await atTerminal(["list"], env)).ended;
    expect(screen.includes("\u001B[1m")).toBe(isBold);
  },
  TIMEOUT_MS,
);

test(
  "run shows bytes, rate and time while it works, and one line at the end",
  async () => {
    using database = new Database(source);
    database.run("CREATE TABLE files (content BLOB)");
    for (let at = 0; at < 40; at++) database.run("INSERT INTO files VALUES (randomblob(1000000))");
    const { code, screen } = await (await atTerminal(["run", "--once"])).ended;
    expect(code).toBe(0);
    const drawn = screen.split("\r\u001B[K");
    expect(
      drawn.some((line) => /^app {2}\S+ \S+ dumped {2}\S+ \S+ stored {2}\S+ \S+\/s {2}0:\d\d$/.test(line)),
    ).toBe(true);
    expect(
      drawn.filter((line) => /^app: backup [0-9a-f]{12} is in .* dumped, .* stored, /.test(line)),
    ).toHaveLength(1);
    expect(drawn.at(-1)).toBe("");
  },
  TIMEOUT_MS,
);

test(
  "decrypt writes no dump to a terminal, and reads no envelope from one",
  async () => {
    const written = await (await atTerminal(["decrypt", "--private-key-path", privateKey, "x.dbk"])).ended;
    expect(written.code).toBe(2);
    expect(written.screen).toContain("stdout is a terminal, and a dump is no text");
    const { path } = await binary();
    const typed = `${path} decrypt --private-key-path ${privateKey} > ${join(host.folder, "dump")}`;
    const env = { HOME: host.folder, DBACKED_PRIVATE_KEY_PASSPHRASE: PASSPHRASE };
    const read = await openTerminal(["sh", "-c", typed], { cwd: host.cwd, env }).ended;
    expect(read.code).toBe(2);
    expect(read.screen).toContain("stdin is a terminal, and an envelope is no text");
  },
  TIMEOUT_MS,
);
