// Whoever can write to a store can name things in it: nothing of that may move a cursor, or hide or turn text.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { utf8 } from "../../src/base/bytes.ts";
import { signNote } from "../../src/seal/note.ts";
import { readSigner } from "../../src/seal/signer.ts";
import { binary } from "../integration/binary.ts";
import { folderStore, sqliteDatabase, type Workspace, workspace } from "../integration/workspace.ts";
import { openTerminal } from "./pty.ts";

const TIMEOUT_MS = 60_000;
const MANIFEST = "application/vnd.dbacked.manifest+json";

/** Clears the screen, in two encodings; sets the title; rings; turns the text round. */
const EVIL = "x\u001B[2J\u009B2J\u001B]0;owned\u0007\u202Ey\nz";

/** What may not come out, but for the end of a line. */
const CONTROL = /[^\P{Cc}\n]|[\u202A-\u202E\u2066-\u2069]/u;

let attacker: Workspace;
let victim: Workspace;
let id: string;

/** A backup that is well-formed, signed by a key of the attacker's own, and full of control characters. */
beforeAll(async () => {
  attacker = await workspace();
  victim = await workspace();
  const file = join(attacker.folder, "app.db");
  using database = new Database(file);
  database.run("CREATE TABLE customers (name TEXT)");
  await attacker.configure({ databases: [sqliteDatabase(file)] });
  await succeed(attacker, ["run", "--once"]);
  await victim.configure({ stores: [folderStore(attacker.store)] });
  const folder = join(attacker.store, "app");
  const name = (await readdir(folder)).find((each) => /[0-9a-f]{32}\.json$/.test(each)) ?? "";
  id = name.slice(-37, -5);
  const note = JSON.parse(await readFile(join(folder, name), "utf8")) as { payload: string };
  const manifest = JSON.parse(Buffer.from(note.payload, "base64").toString()) as Record<string, unknown>;
  const tool = { name: EVIL, version: EVIL };
  const said = { engine: EVIL, dump: EVIL, compression: EVIL, version: EVIL, tool, narrowed: [EVIL] };
  const forged = { ...manifest, ...said, complete: false };
  const signer = await readSigner(await readFile(attacker.signerFile, "utf8"));
  await writeFile(join(folder, name), await signNote(MANIFEST, utf8(JSON.stringify(forged)), signer));
  const planted = join(attacker.store, `evil${EVIL}`);
  await mkdir(planted);
  await writeFile(join(planted, name), "{}");
  await writeFile(join(folder, name.replace(id, "f".repeat(32))), JSON.stringify({ payloadType: EVIL }));
}, TIMEOUT_MS);

afterAll(async () => {
  await attacker[Symbol.asyncDispose]();
  await victim[Symbol.asyncDispose]();
});

async function succeed(host: Workspace, args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await host.run(args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.any(String) });
}

test.each([
  ["list", 0],
  ["list --json", 0],
  ["show ID", 0],
  ["show ID --json", 0],
  ["show app/ --verbose", 2],
  ["verify", 8],
  ["verify --json --verbose", 8],
  ["restore ID --to sqlite:///nowhere/x.db --private-key-path KEY", 7],
  ["restore ID --to sqlite:///nowhere/x.db --private-key-path KEY --json", 7],
])(
  "dbacked %s prints no control characters of others",
  async (line, code) => {
    const words = line.replace("ID", id).replace("KEY", victim.privateKey).split(" ");
    const { exitCode, stdout, stderr } = await victim.run(words);
    expect({ exitCode, stderr }).toEqual({ exitCode: code, stderr: expect.any(String) });
    expect(stdout).not.toMatch(CONTROL);
    expect(stderr).not.toMatch(CONTROL);
  },
  TIMEOUT_MS,
);

test(
  "dbacked show --json says the same, escaped",
  async () => {
    const { stdout } = await victim.run(["show", id, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ engine: EVIL, manifest: { narrowed: [EVIL] } });
  },
  TIMEOUT_MS,
);

test(
  "the list to choose from shows no control characters of others",
  async () => {
    const { path } = await binary();
    const env = { HOME: victim.folder, DBACKED_CONFIG: victim.configFile };
    const to = ["--to", "sqlite:///nowhere/x.db", "--private-key-path", victim.privateKey];
    const session = openTerminal([path, "restore", ...to], { cwd: victim.cwd, env });
    await session.see(id.slice(0, 12));
    session.type("\r");
    await session.see("Yes, open it");
    session.type("\r");
    const { code, screen } = await session.ended;
    expect(code).toBe(7);
    for (const evil of ["\u001B[2J", "\u009B", "owned\u0007", "\u202E"]) expect(screen).not.toContain(evil);
  },
  TIMEOUT_MS,
);
