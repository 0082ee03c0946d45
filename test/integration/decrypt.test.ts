// What `decrypt` gives out, and to whom: a dump on stdout is used by whatever reads it.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { expectFailure } from "./scene.ts";
import { runProgram } from "../../scripts/services/service.ts";
import { backUp, envelopeIn, sqliteDatabase, type Workspace, workspace } from "./workspace.ts";

setDefaultTimeout(30_000);

/** A key that signed nothing here. */
const STRANGER = "ed25519:WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY=";

let host: Workspace;
let envelope: string;

/** More in the backup than a pipe holds. */
beforeAll(async () => {
  host = await workspace();
  const path = join(host.folder, "app.db");
  await host.configure({ databases: [sqliteDatabase(path)] });
  using database = new Database(path);
  database.run("CREATE TABLE files (content BLOB)");
  for (let at = 0; at < 4; at++) database.run("INSERT INTO files VALUES (randomblob(1000000))");
  await backUp(host);
  envelope = await envelopeIn(host, "app");
});

afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

/** Another host: it knows neither the signer nor the store. */
function decrypting(...more: readonly string[]): readonly string[] {
  return ["decrypt", "--private-key-path", host.privateKey, ...more];
}

const ELSEWHERE = { env: { DBACKED_CONFIG: "" } };

test("decrypt --trust-signer refuses every other signer, and gives out nothing", async () => {
  const refused = await host.run(decrypting("--trust-signer", STRANGER, envelope), ELSEWHERE);
  expectFailure(refused, { exitCode: 7, says: /is not one of --trust-signer/ });
  expect(refused.output).toHaveLength(0);
});

test("decrypt tells of an unknown signer where nobody has said whom to trust", async () => {
  const { exitCode, output, stderr } = await host.run(decrypting(envelope), ELSEWHERE);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining("warning: signer") });
  expect(output.length).toBeGreaterThan(4_000_000);
});

test("decrypt says where the dump goes to whoever is used to the script's -o", async () => {
  const refused = await host.run(decrypting(envelope, "-o", "dump"), ELSEWHERE);
  expectFailure(refused, { exitCode: 2, says: /goes to stdout\n.*hint: let the shell write it.* > FILE/ });
  expectFailure(await host.run(decrypting("-x"), ELSEWHERE), { exitCode: 2, says: /unknown option -x\n/ });
});

test("decrypt --expect-db refuses the backup of any other database, and gives out nothing", async () => {
  const refused = await host.run(decrypting("--expect-db", "shop", envelope), ELSEWHERE);
  expectFailure(refused, { exitCode: 8, says: /This is a backup of "app", not of "shop"/ });
  expect(refused.output).toHaveLength(0);
  expect(await host.run(decrypting("--expect-db", "app", envelope), ELSEWHERE)).toMatchObject({
    exitCode: 0,
  });
});

test.each([
  [["--trust-signer", STRANGER]],
  [["--expect-core", "0".repeat(64)]],
  [["--expect-db", "app"]],
  [["--as-sealed"]],
])("decrypt %p is refused for a backup of version 1", async (more) => {
  const old = join(host.folder, "old");
  await Bun.write(old, `DBACKED\u0000\u0003\u0001${"\u0000".repeat(1000)}`);
  const refused = await host.run(decrypting("--allow-legacy-v1", ...more, old), ELSEWHERE);
  expectFailure(refused, { exitCode: 2, says: /cannot be used with a backup of version 1/ });
});

test("a decrypt that fails leaves what a file held before", async () => {
  const broken = join(host.folder, "broken.dbk");
  const bytes = await Bun.file(envelope).bytes();
  bytes[bytes.length - 1000] = (bytes[bytes.length - 1000] ?? 0) ^ 1;
  await Bun.write(broken, bytes);
  const file = join(host.folder, "mine");
  await Bun.write(file, "of mine\n");
  const append = ["sh", "-c", `exec "$0" "$@" >> '${file}'`];
  const failed = await host.run(decrypting(broken), { ...ELSEWHERE, prefix: append });
  expectFailure(failed, { exitCode: 8, says: /was changed/ });
  expect(await Bun.file(file).text()).toBe("of mine\n");

  const { exitCode } = await host.run(decrypting(envelope), { ...ELSEWHERE, prefix: append });
  expect(exitCode).toBe(0);
  expect(await Bun.file(file).slice(0, 23).text()).toBe("of mine\nSQLite format 3");
});

test("a signal ends a decrypt whose reader is stuck", async () => {
  const pipe = join(host.folder, "pipe");
  await runProgram(["mkfifo", pipe]);
  // Somebody who opens the pipe and never reads.
  await using _ = await open(pipe, "r+");
  const prefix = ["sh", "-c", `exec "$0" "$@" > '${pipe}'`];
  const running = await host.start(decrypting(envelope), { ...ELSEWHERE, prefix });
  // Until the pipe is full.
  await Bun.sleep(1000);
  running.kill("SIGTERM");
  const outcome = await Promise.race([running.finished, Bun.sleep(10_000)]);
  running.kill("SIGKILL");
  expect(outcome).toMatchObject({ exitCode: 143 });
});
