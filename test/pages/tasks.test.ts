// The pages that lead through a task: their blocks for a shell are run as they stand, one after another, on a machine of its own.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { UNIT_FILE, unitText } from "../../src/host/unit.ts";
import { listBlocks, readPage } from "./blocks.ts";
import { type Host, openHost, type Outcome } from "./host.ts";

setDefaultTimeout(60_000);

const FIRST = "first-backup.md";

// One machine for all pages, as they go on from the first one.
let host: Host;
let begun: Outcome;

/** A machine with the application of the pages. */
async function openApp(): Promise<Host> {
  const host = await openHost();
  using database = new Database(host.outside("/srv/app/app.db"), { create: true });
  database.run("CREATE TABLE customers (name TEXT)");
  database.run("INSERT INTO customers VALUES ('Ada'), ('Grace')");
  return host;
}

/** Does all that a page says. @param edit - changes its lines */
async function follow(name: string, edit: (script: string) => string = String): Promise<Outcome> {
  const steps = listBlocks(await readPage(name)).flatMap(({ form, text, file }) => {
    if (form === "toml") return [`cat > ${file} <<'END'\n${text}END\n`];
    return form === "sh" ? [text] : [];
  });
  const outcome = await host.run(edit(steps.join("\n")), {
    DBACKED_PRIVATE_KEY_PASSPHRASE: await readPassphrase(),
  });
  expect(outcome).toEqual({ code: 0, output: outcome.output });
  return outcome;
}

beforeAll(async () => {
  host = await openApp();
  // The next pages need the passphrase too.
  begun = await follow(FIRST, (script) => script.replace("rm passphrase", "mv passphrase /media/passphrase"));
}, 60_000);

afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

async function readPassphrase(): Promise<string> {
  const file = Bun.file(host.outside("/media/passphrase"));
  return (await file.exists()) ? (await file.text()).trim() : "";
}

function customersIn(path: string): unknown[] {
  using database = new Database(host.outside(path));
  return database.query("SELECT name FROM customers").values().flat();
}

test("docs/first-backup.md: what it says is so", () => {
  const { output } = begun;
  expect(output).toContain("app: backup ");
  expect(output).toMatch(/opens, and its dump was read whole by SQLite's integrity check/);
});

test("docs/restore.md: what was backed up is restored", async () => {
  await follow("restore.md");
  for (const path of ["/srv/app/restored.db", "/root/app.dump"])
    expect(customersIn(path)).toEqual(["Ada", "Grace"]);
});

test("docs/cron.md: its entries do what they say, when cron runs them", async () => {
  const entries = listBlocks(await readPage("cron.md")).filter(({ form }) => form === "sh");
  expect(entries.length).toBe(2);
  const made: unknown[] = [];
  for (const { text } of entries) {
    const cron = `${text}
      stat -c %a /etc/cron.d/dbacked
      path=$(sed -n 's/^PATH=//p' /etc/cron.d/dbacked)
      command=$(sed -n 's/^[0-9*/]* [^ ]* [^ ]* [^ ]* [^ ]* root //p' /etc/cron.d/dbacked)
      cd / && env -i HOME=/root LOGNAME=root PATH="$path" SHELL=/bin/sh /bin/sh -c "$command"`;
    expect(await host.run(cron)).toEqual({ code: 0, output: "644\n" });
    const { output } = await host.run("dbacked list --json");
    made.push((JSON.parse(output) as unknown[]).length);
  }
  // The first makes one more; the second finds that none is due.
  expect(made).toEqual([2, 2]);
});

test("docs/systemd.md: its unit is that of `init`, and what it starts follows the schedule", async () => {
  const [unit, check] = listBlocks(await readPage("systemd.md"));
  const writes = ["/srv/backups", "/srv/app", "/etc/dbacked"];
  const [program, config] = ["/usr/local/bin/dbacked", "/etc/dbacked/config.toml"];
  const text = unitText({ program, config, environmentFile: null, user: "root", name: null, writes });
  expect(unit?.text).toBe(text);
  const command = /^ExecStart=(.+)$/m.exec(text)?.[1] ?? "";
  // The last backup goes, so that one is due at once.
  const { code, output } = await host.run(`cat > ${UNIT_FILE} <<'END'\n${text}END
    ${check?.text}
    rm -r /srv/backups/app
    ${command} & agent=$!
    until dbacked list --json | jq -e 'length == 1' > /dev/null; do sleep 0.1; done
    kill $agent; wait $agent || test $? = 143`);
  expect({ code, output }).toEqual({ code: 0, output });
});

test("docs/keys.md: each of its keys opens what it says", async () => {
  const { output } = await follow("keys.md");
  expect(output.match(/read whole by SQLite's integrity check/g)?.length).toBe(2);
  expect(output.match(/ed25519:/g)?.length).toBe(2);
});
