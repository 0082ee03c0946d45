import { expect, test } from "bun:test";
import fc from "fast-check";
import { Secret } from "../../src/base/secret.ts";
import { parseToml } from "../../src/config/toml.ts";
import { configText } from "../../src/setup/answers.ts";
import { loadDraft } from "../../src/setup/draft.ts";

const FILE = "/etc/dbacked/config.toml";

/** What is typed: any character but those that no line has. */
const line = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1 }),
  fc.constantFrom(
    "${HOME}",
    "$${",
    "$$${x}",
    'a"b',
    "'''",
    "back\\slash",
    "#",
    "[[stores]]",
    "tab\there",
    "é\u0007",
  ),
);

test("configText() is read by the loader as it was answered, whatever characters it has", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        host: line,
        username: line,
        password: line,
        database: line,
        bucket: line,
        key: line,
        id: line,
      }),
      async ({ host, username, password, database, bucket, key, id }) => {
        const written = {
          name: "shop",
          type: "postgres",
          host,
          username,
          password: new Secret(password),
          database,
          schedule: "0 3 * * *",
          zone: "Europe/Paris",
          keep: { last: 7, daily: 14 },
        };
        const store = {
          name: "s3",
          type: "s3",
          bucket,
          accessKeyId: id,
          secretAccessKey: new Secret(key),
        };
        const config = await loadDraft(FILE, { top: { agentId: host }, database: written, store }, []);
        const [entry] = config.databases;
        const options = entry?.options as Record<string, unknown>;
        expect(config.agentId).toBe(host);
        expect(options).toMatchObject({ host, username, database });
        expect((options["password"] as Secret).reveal()).toBe(password);
        expect(entry).toMatchObject({
          name: "shop",
          stores: ["s3"],
          retention: { keep: { last: 7, daily: 14 } },
        });
        const kept = config.stores[0]?.options as Record<string, unknown>;
        expect(kept).toMatchObject({ bucket, accessKeyId: id });
        expect((kept["secretAccessKey"] as Secret).reveal()).toBe(key);
      },
    ),
    { numRuns: 200 },
  );
});

test("configText() says of each part what it is", () => {
  const text = configText({
    top: { agentId: "web-1" },
    recipients: ["/etc/dbacked/recipient.pem"],
    store: { name: "folder", type: "folder", path: "/srv/backups" },
    database: { name: "app", type: "sqlite", path: "/srv/app.db" },
  });
  expect(text).toStartWith("# Written by `dbacked init`.");
  expect(text.match(/^# .*$/gm)).toHaveLength(5);
  expect(parseToml(text).tree).toMatchObject({
    agentId: "web-1",
    encryption: { recipients: ["/etc/dbacked/recipient.pem"] },
    stores: [{ path: "/srv/backups" }],
    databases: [{ path: "/srv/app.db" }],
  });
});

test("loadDraft() complains of answers, and not of lines in a file that is not there", async () => {
  const database = { name: "shop", type: "postgres", host: "db", port: 99999, database: "shop" };
  const failure = await loadDraft(FILE, { database }, []).catch((error: unknown) => error);
  expect(failure).toMatchObject({ kind: "config", message: "port: expected at most 65535" });
});
