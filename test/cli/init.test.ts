// `init` on a real terminal, from the first question to a backup that was opened; and without one.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { exists, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { startPostgres } from "../../scripts/services/postgres.ts";
import { type TemporaryFolder, temporaryFolder } from "../../scripts/services/service.ts";
import { servicesHere } from "../../src/setup/service.ts";
import { binary, run } from "../integration/binary.ts";
import { sharedKeys } from "../integration/workspace.ts";
import { sharedPostgres, sharedSeaweed } from "../services.ts";
import { makeBucket } from "../store/bucket.ts";
import { openTerminal, plainLines, type Session } from "./pty.ts";

const TIMEOUT_MS = 60_000;
const ENTER = "\r";
const DOWN = "\u001B[B";
const UP = "\u001B[A";
const CTRL_C = "\u0003";
const CTRL_U = "\u0015";
const PASSPHRASE = "correct horse";

const SQLITE = DOWN.repeat(3) + ENTER;

/** Other answers after a failure: the first of the ways on. */
const OTHERWISE = ENTER;

let root: TemporaryFolder;
let source: string;

beforeAll(async () => {
  root = await temporaryFolder("init");
  source = join(root.path, "app.db");
  using database = new Database(source);
  database.run("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT)");
  database.run("INSERT INTO customers (name) VALUES ('Ada'), ('Grace')");
});

afterAll(async () => {
  await root[Symbol.asyncDispose]();
});

/** A host of its own within the temporary folder. */
function hostOf(name: string): { folder: string; config: string; within: (path: string) => string } {
  const folder = join(root.path, name);
  return { folder, config: join(folder, "etc", "config.toml"), within: (path) => join(folder, path) };
}

async function initAt(
  config: string,
  args: readonly string[] = [],
  more: Record<string, string> = {},
): Promise<Session> {
  const { path } = await binary();
  const env = { HOME: root.path, TMPDIR: root.path, ...more };
  return openTerminal([path, "init", "--config", config, ...args], { cwd: root.path, env, columns: 120 });
}

/** Only root is asked what makes the next backups, and the last answer is to leave it. */
async function leaving(): Promise<(readonly [string, string])[]> {
  const services = await servicesHere(process.getuid?.() === 0);
  return services.length === 0 ? [] : [["What makes the next ones?", UP + ENTER]];
}

/** Answers questions in their order. */
async function answer(session: Session, answers: readonly (readonly [question: string, keys: string])[]) {
  for (const [question, keys] of answers) {
    await session.see(question);
    session.type(keys);
  }
}

test(
  "init leads from a file and a folder to a backup that was opened, over wrong answers",
  async () => {
    const { config, within } = hostOf("whole");
    let pings = 0;
    const words: string[] = [];
    using check = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: ({ url }) => {
        words.push(new URL(url).pathname);
        pings += 1;
        return new Response("OK", { status: pings === 1 ? 404 : 200 });
      },
    });
    const session = await initAt(config);
    await answer(session, [
      ["What is to be backed up?", SQLITE],
      ["Path of the file", `${join(root.path, "nothing.db")}${ENTER}`],
      ["There is no file", ""],
      ["And now?", OTHERWISE],
      ["Path of the file", `${CTRL_U}${source}${ENTER}`],
      ["can be dumped as a whole", ""],
      ["Name of its backups", `Shop${ENTER}`],
      ["as in shop", `${CTRL_U}shop${ENTER}`],
      ["Where do the backups go?", DOWN + ENTER],
      ["Path of the folder", `${CTRL_U}/proc${ENTER}`],
      ["/proc cannot be used", ""],
      ["And now?", OTHERWISE],
      ["Path of the folder", `${CTRL_U}${within("store")}${ENTER}`],
      ["There is no folder", ENTER],
      ["a probe went there and back", ""],
      ["can delete and overwrite", ""],
      ["only its private key opens them", ENTER],
      ["Folder for the private key", `${within("keys")}${ENTER}`],
      ["Passphrase for the private key", `one${ENTER}`],
      ["The same once more", `other${ENTER}`],
      ["The two differ", ""],
      ["Passphrase for the private key", PASSPHRASE + ENTER],
      ["The same once more", PASSPHRASE + ENTER],
      ["recovery kit are in", ""],
      ["When is it backed up?", DOWN.repeat(3) + ENTER],
      ["or an interval", `0 25 * * *${ENTER}`],
      ["By the clock of", `Europe/Paris${ENTER}`],
      ["And now?", OTHERWISE],
      ["When is it backed up?", ENTER],
      ["By the clock of", `Europe/Paris${ENTER}`],
      ["03:00 (Europe/Paris)", ""],
      ["Which backups are kept?", DOWN + ENTER],
      ["Who is told", ENTER],
      ["Ping URL", `http://127.0.0.1:${check.port}/${ENTER}`],
      ["The test ping did not arrive", ""],
      ["And now?", DOWN + ENTER],
      ["A test ping arrived", ""],
      [`${config} is written`, ""],
      ["Make the first backup now?", ENTER],
      ["shop: backup", ""],
      ["opens, and holds the dump that was sealed", ""],
    ]);
    await answer(session, await leaving());
    const { code, screen } = await session.ended;

    expect(code).toBe(0);
    expect(screen).not.toContain(PASSPHRASE);
    expect(plainLines(screen).join("\n")).toContain(`The private key still lies in ${within("keys")}`);
    expect((await stat(config)).mode & 0o777).toBe(0o600);
    expect(words.filter((word) => !word.endsWith("/log"))).toEqual(["/start", "/"]);
    const target = within("restored.db");
    const passphraseFile = within("passphrase");
    await Bun.write(passphraseFile, `${PASSPHRASE}\n`);
    const privateKey = within("keys/dbacked-private.pem");
    const opening = ["--private-key-path", privateKey, "--passphrase-file", passphraseFile];
    const restored = await run(
      ["restore", "--last-backup", "--config", config, "--to", `sqlite://${target}`, ...opening],
      { env: { HOME: root.path, TMPDIR: root.path } },
    );
    expect({ exitCode: restored.exitCode, stderr: restored.stderr }).toMatchObject({ exitCode: 0 });
    using copy = new Database(target);
    expect(copy.query("SELECT name FROM customers ORDER BY id").values()).toEqual([["Ada"], ["Grace"]]);
    const readme = await Bun.file(within("keys/README.txt")).text();
    expect(readme).toMatch(/^ {2}ed25519:\S{43}= \(.+\)$/m);
  },
  TIMEOUT_MS,
);

test(
  "init asks a server again after a wrong password, and shows the statement that a role lacks",
  async () => {
    const { config, within } = hostOf("server");
    await using server = await startPostgres({ password: "of the superuser" });
    await server.query("CREATE DATABASE shop");
    await server.query("CREATE DATABASE other");
    await server.query("CREATE ROLE backup LOGIN PASSWORD 'right one'");
    await server.query("CREATE TABLE orders (id int)", "shop");
    const { publicKey } = await sharedKeys();
    await Bun.write(within("store/.keep"), "");
    const args = ["--store-path", within("store"), "--public-key", publicKey];
    const session = await initAt(config, args);
    await answer(session, [
      ["What is to be backed up?", ENTER],
      ["Host of the server", `127.0.0.1${ENTER}`],
      ["Port", `${server.port}${ENTER}`],
      ["User", ENTER],
      ["Password", `wrong one${ENTER}`],
      ["password authentication failed", ""],
      ["And now?", OTHERWISE],
      ["Host of the server", ENTER],
      ["Port", ENTER],
      ["User", ENTER],
      ["Password", `right one${ENTER}`],
      ["Which database?", DOWN.repeat(5) + ENTER],
      ["Another server, or another user", ""],
      ["Host of the server", `${CTRL_U}localhost${ENTER}`],
      ["Port", ENTER],
      ["User", ENTER],
      ["Password", `right one${ENTER}`],
      ["Which database?", ""],
      ["other", ""],
      ["shop", DOWN.repeat(2) + ENTER],
      ['GRANT SELECT ON TABLE "public"."orders" TO "backup"', ""],
      ["And now?", ""],
    ]);
    await server.query('GRANT SELECT ON TABLE "public"."orders" TO "backup"', "shop");
    session.type(DOWN + ENTER);
    await answer(session, [
      ["can be dumped as a whole", ""],
      ["Name of its backups", ENTER],
      ["Path of the folder", ENTER],
      ["a probe went there and back", ""],
      ["The key is good", ""],
      ["When is it backed up?", ENTER],
      ["By the clock of", ENTER],
      ["Which backups are kept?", ENTER],
      ["Who is told", DOWN + ENTER],
      ["Make the first backup now?", ENTER],
      ["Path of the private key", ENTER],
      ...(await leaving()),
    ]);
    const { code, screen } = await session.ended;
    expect(code).toBe(0);
    expect(screen).not.toContain("right one");
    const lines = plainLines(screen);
    expect(lines.join("\n")).toContain("Nobody has shown yet that the backup can be opened");
    expect(lines).toContain(
      `dbacked verify --last --config ${config} --private-key-path dbacked-private.pem`,
    );
    expect((await readdir(within("store/shop"))).some((name) => name.endsWith(".dbk"))).toBe(true);
    // A URL says which database too; its password is not shown again.
    const again = await initAt(hostOf("url").config);
    const place = `127.0.0.1:${server.port}/shop`;
    await answer(again, [
      ["What is to be backed up?", ENTER],
      ["Host of the server", `postgres://backup:wrong@${place}${ENTER}`],
      ["password authentication failed", ""],
      ["And now?", OTHERWISE],
      ["Host of the server", ""],
      [`postgres://backup@${place}`, ENTER],
      ["Password", `right one${ENTER}`],
      ["can be dumped as a whole", ""],
      ["Name of its backups", CTRL_C],
    ]);
    expect(await again.ended).toMatchObject({ code: 130 });
  },
  TIMEOUT_MS,
);

test(
  "init asks for a bucket's key again, and goes on with the kit of an earlier try",
  async () => {
    const { config } = hostOf("bucket");
    const server = await sharedSeaweed();
    const bucket = await makeBucket(server);
    await bucket.deny("s3:DeleteObject");
    const { folder } = await sharedKeys();
    const session = await initAt(config, [
      "--db-connection-string",
      `sqlite://${source}`,
      "--db-alias",
      "app",
    ]);
    await answer(session, [
      ["Path of the file", ENTER],
      ["Name of its backups", ENTER],
      ["Where do the backups go?", ENTER],
      ["Bucket", `${bucket.name}${ENTER}`],
      ["URL of the server", `${server.endpoint}${ENTER}`],
      ["Region", ENTER],
      ["Prefix", ENTER],
      ["Access key ID", `${server.accessKeyId}${ENTER}`],
      ["Secret access key", `wrong${ENTER}`],
      ["cannot be used", ""],
      ["And now?", OTHERWISE],
      ["Bucket", ENTER],
      ["URL of the server", ENTER],
      ["Region", ENTER],
      ["Prefix", ENTER],
      ["Access key ID", ENTER],
      ["Secret access key", `${server.secretAccessKey}${ENTER}`],
      ["a probe went there and back", ""],
      ["only its private key opens them", ENTER],
      ["Folder for the private key", `${folder}${ENTER}`],
      ["it exists already", ""],
      ["And now?", DOWN.repeat(2) + ENTER],
      ["The key is good", ""],
      ["When is it backed up?", DOWN + ENTER],
      ["The next times", ""],
      // Where nothing can be deleted, nobody is asked what is kept.
      ["Who is told", DOWN + ENTER],
      ["Nobody will be told", ""],
      ["Make the first backup now?", ENTER],
      ["opens, and holds the dump", ""],
    ]);
    await answer(session, await leaving());
    const { code, screen } = await session.ended;
    expect(code).toBe(0);
    expect(screen).not.toContain("Which backups are kept?");
    expect(screen).not.toContain(server.secretAccessKey);
    expect(await Bun.file(config).text()).toContain('schedule = "6h"');
  },
  TIMEOUT_MS,
);

test.each<[string, readonly (readonly [string, string])[]]>([
  ["the first question", [["What is to be backed up?", CTRL_C]]],
  [
    "the passphrase",
    [
      ["What is to be backed up?", SQLITE],
      ["Path of the file", `app.db${ENTER}`],
      ["Name of its backups", ENTER],
      ["Where do the backups go?", DOWN + ENTER],
      ["Path of the folder", `${CTRL_U}.${ENTER}`],
      ["only its private key opens them", ENTER],
      ["Folder for the private key", `abandoned/keys${ENTER}`],
      ["Passphrase for the private key", CTRL_C],
    ],
  ],
])(
  "init leaves nothing behind if it is left at %s",
  async (_where, answers) => {
    const { config, folder } = hostOf("abandoned");
    const session = await initAt(config);
    await answer(session, answers);
    const { code, screen } = await session.ended;
    expect(code).toBe(130);
    expect(plainLines(screen)).toContain(`${config} was not written.`);
    expect(await exists(folder)).toBe(false);
  },
  TIMEOUT_MS,
);

test(
  "init refuses a config that is there, before it asks anything",
  async () => {
    const { config } = hostOf("there");
    await Bun.write(config, "# mine\n");
    const { code, screen } = await (await initAt(config)).ended;
    expect(code).toBe(3);
    expect(screen).not.toContain("What is to be backed up?");
    expect(plainLines(screen).join(" ")).toContain("is there already, and nothing is overwritten");
    expect(await Bun.file(config).text()).toBe("# mine\n");
  },
  TIMEOUT_MS,
);

test(
  "init -y sets up a bucket by the environment alone, and its backup opens",
  async () => {
    const { config } = hostOf("alone");
    const server = await sharedSeaweed();
    const bucket = await makeBucket(server);
    const { publicKey, privateKey } = await sharedKeys();
    const env = {
      HOME: root.path,
      DBACKED_CONFIG: config,
      DBACKED_DB_TYPE: "sqlite",
      DBACKED_DB_CONNECTION_STRING: `sqlite://${source}`,
      DBACKED_DB_ALIAS: "app",
      DBACKED_S3_ENDPOINT: server.endpoint,
      DBACKED_S3_BUCKET: bucket.name,
      DBACKED_S3_PREFIX: "web-1/",
      DBACKED_S3_ACCESS_KEY_ID: server.accessKeyId,
      DBACKED_S3_SECRET_ACCESS_KEY: server.secretAccessKey,
      DBACKED_PUBLIC_KEY: publicKey,
      DBACKED_CRON: "0 2 * * *",
    };
    const made = await run(["init", "-y", "--json", "--private-key-path", privateKey], { env });
    expect({ code: made.exitCode, stderr: made.stderr }).toEqual({ code: 0, stderr: expect.any(String) });
    expect(made.stderr).toContain("unset DBACKED_DB_TYPE");
    expect(made.stdout + made.stderr).not.toContain(server.secretAccessKey);
    const result = JSON.parse(made.stdout) as { backups: { id: string }[] };
    expect(result).toMatchObject({ config, failures: [], opened: true, kit: [], service: null });
    const listed = await run(["list", "--json"], { env: { HOME: root.path, DBACKED_CONFIG: config } });
    expect(JSON.parse(listed.stdout)).toMatchObject([
      { id: result.backups[0]?.id, database: "app", store: "s3" },
    ]);
  },
  TIMEOUT_MS,
);

test(
  "init asks for another server although an address was given",
  async () => {
    const { config } = hostOf("elsewhere");
    const { port, superuser } = await sharedPostgres();
    const url = `postgres://${superuser}@127.0.0.1:${port}`;
    const session = await initAt(config, ["--db-connection-string", url]);
    await answer(session, [
      ["Password", ENTER],
      ["Which database?", UP + ENTER],
      ["Host of the server, or its URL", ""],
      [url, CTRL_C],
    ]);
    expect(await session.ended).toMatchObject({ code: 130 });
  },
  TIMEOUT_MS,
);

/** Options that leave little to be asked, with a store in a new folder. */
async function givenFor(store: string): Promise<Record<string, string>> {
  await Bun.write(join(store, ".keep"), "");
  const { publicKey } = await sharedKeys();
  return {
    "--db-connection-string": `sqlite://${source}`,
    "--store-path": store,
    "--public-key": publicKey,
    "--cron": "0 3 * * *",
  };
}

test(
  "init goes on where the first backup cannot even begin, and ends with the reason's exit code",
  async () => {
    const { config, within } = hostOf("unbegun");
    const given = await givenFor(within("store"));
    const env = { DBACKED_SIGNER_KEY: within("store/.keep") };
    const session = await initAt(config, Object.entries(given).flat(), env);
    await answer(session, [
      ["Path of the file", ENTER],
      ["Name of its backups", ENTER],
      ["Path of the folder", ENTER],
      ["Which backups are kept?", ENTER],
      ["Who is told", DOWN + ENTER],
      ["DBACKED_SIGNER_KEY says", ""],
      ["Make the first backup now?", ENTER],
      ["And now?", DOWN + ENTER],
      ...(await leaving()),
      ["There is no backup yet", ""],
    ]);
    expect((await session.ended).code).toBe(7);
  },
  TIMEOUT_MS,
);

test(
  "init tries a ping whose URL is in a file, too",
  async () => {
    const { config, within } = hostOf("ping-file");
    using check = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("OK") });
    await Bun.write(within("ping"), `http://127.0.0.1:${check.port}/\n`, { mode: 0o600 });
    const given = { ...(await givenFor(within("store"))), "--ping-url-file": within("ping") };
    const session = await initAt(config, Object.entries(given).flat());
    await answer(session, [
      ["Path of the file", ENTER],
      ["Name of its backups", ENTER],
      ["Path of the folder", ENTER],
      ["Which backups are kept?", ENTER],
      ["A test ping arrived", ""],
      ["Make the first backup now?", CTRL_C],
    ]);
    expect(await session.ended).toMatchObject({ code: 130 });
    expect(await Bun.file(config).text()).toContain(`pingUrlFile = "${within("ping")}"`);
  },
  TIMEOUT_MS,
);

test.each<[readonly string[], string]>([
  [["--service", "cron"], "--service cron cannot be used with DBACKED_SIGNER_KEY"],
  [
    ["--private-key-path", "a", "--key-folder", "b"],
    "--private-key-path and --key-folder exclude each other",
  ],
  [["--private-key-path", "a", "--no-backup"], "--private-key-path and --no-backup exclude each other"],
])("init -y %j refuses what cannot be meant", async (args, message) => {
  const env = { HOME: root.path, DBACKED_SIGNER_KEY: "signer.pem" };
  const { exitCode, stderr } = await run(["init", "-y", ...args], { env });
  expect(stderr).toContain(message);
  expect(exitCode).toBe(2);
});

test.each<[string, readonly string[], number, string]>([
  ["everything that is missing", [], 2, "where the backups go: --s3-bucket or DBACKED_S3_BUCKET"],
  ["a database that is not there", ["--db-connection-string", "sqlite:///nothing.db"], 4, "There is no file"],
  ["a store that cannot be written", ["--store-path", "/proc"], 6, "/proc cannot be used"],
  ["a public key that is none", ["--public-key", "app.db"], 7, "app.db"],
  ["a schedule that is none", ["--cron", "now"], 3, "--cron or DBACKED_CRON: "],
  ["a question without -y", [], 2, "nobody can be asked"],
])(
  "init -y writes nothing, and tells %s",
  async (what, args, code, message) => {
    const { config, folder } = hostOf("refused");
    const { publicKey } = await sharedKeys();
    const usual = {
      "--db-connection-string": `sqlite://${source}`,
      "--store-path": root.path,
      "--public-key": publicKey,
    };
    const complete = Object.entries(usual).flatMap((option) => (args.includes(option[0]) ? [] : option));
    const given = what.startsWith("every") ? [] : [...complete, ...args];
    const yes = what.startsWith("a question") ? [] : ["-y"];
    const { exitCode, stderr } = await run(["init", ...yes, "--config", config, ...given], {
      cwd: root.path,
      env: { HOME: root.path },
    });
    expect(stderr).toContain(message);
    expect(exitCode).toBe(code);
    expect(await exists(folder)).toBe(false);
  },
  TIMEOUT_MS,
);
