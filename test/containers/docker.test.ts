// The `docker run` lines of docs/containers.md, each in a cage that is as its options say.
import { expect, setDefaultTimeout, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createDatabase } from "../database/postgres/servers.ts";
import { contentOf, smallDatabase } from "../integration/sample-database.ts";
import { sharedKeys } from "../integration/workspace.ts";
import { sharedPostgres } from "../services.ts";
import { type Cage, openCage } from "./cage.ts";

setDefaultTimeout(60_000);

const PAGE = fileURLToPath(import.meta.resolve("../../docs/containers.md"));

/** What every container of the page is started with. */
const USUAL =
  "--rm --read-only --tmpfs /tmp --user 65532:65532 --cap-drop ALL --security-opt no-new-privileges";

const page = await Bun.file(PAGE).text();
const [, config = ""] = /^```toml\n([^]*?)^```$/m.exec(page) ?? [];
const lines = [...page.matchAll(/^```sh\n(docker run [^]*?)^```$/gm)].map(([, text = ""]) =>
  text.replaceAll(/\\\n\s*/g, "").trim(),
);

interface DockerRun {
  volumes: { source: string; target: string; isReadOnly: boolean }[];
  args: readonly string[];
}

function readLine(line: string): DockerRun {
  const [, options = "", rest = ""] = /^docker run (.+?) dbacked (.+)$/.exec(line) ?? [];
  expect(options).toStartWith(USUAL);
  const words = options.slice(USUAL.length).trim().split(" ");
  const volumes: DockerRun["volumes"] = [];
  for (let at = 0; at < words.length; at += 2) {
    expect(words[at]).toBe("--volume");
    const [source = "", target = "", mode] = (words[at + 1] ?? "").split(":");
    volumes.push({ source, target, isReadOnly: mode === "ro" });
  }
  return { volumes, args: rest.split(" ") };
}

/** Starts what a line says, once more in the same cage if it must. */
async function follow(cage: Cage, args: readonly string[]): Promise<void> {
  const { finished } = await cage.start(["/usr/local/bin/dbacked", ...args]);
  expect(await finished).toMatchObject({ exitCode: 0, stdout: "" });
}

test("docs/containers.md: a backup by Docker, and its restore", async () => {
  const [server, keys] = await Promise.all([sharedPostgres(), sharedKeys()]);
  const [backup, restore] = lines.map(readLine);
  if (backup === undefined || restore === undefined) throw new Error("the page has no two lines");
  const target = await createDatabase(server);
  const { privateKey } = generateKeyPairSync("ed25519", {
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const source = "postgres://backup@db.internal/shop";
  expect(config).toContain(source);
  await using cage = await openCage(
    ["pg_dump", "psql", "pg_restore"].map((name) => join(server.binDirectory, name)),
  );
  const files: Record<string, Record<string, string>> = {
    "/etc/dbacked": {
      "config.toml": config.replace(source, server.url(await smallDatabase())),
      "dbacked-public.pem": await Bun.file(keys.publicKey).text(),
      "signer.pem": privateKey,
      "shop.password": "unused",
    },
    "/media/key": { "dbacked-private.pem": await Bun.file(keys.privateKey).text() },
  };
  for (const { source, target, isReadOnly } of backup.volumes) {
    expect(isReadOnly).toBe(source in files);
    if (files[source] === undefined) await cage.mountFolder(target);
    else await cage.mountFiles(target, files[source]);
  }
  await follow(cage, backup.args);

  const more = restore.volumes.filter(({ source }) => !backup.volumes.some((each) => each.source === source));
  for (const { source, target } of more) await cage.mountFiles(target, files[source] ?? {});
  const to = "postgres://me@db.internal/shop_restored";
  expect(restore.args).toContain(to);
  await follow(
    cage,
    restore.args.map((word) => (word === to ? server.url(target) : word)),
  );
  expect(await contentOf(target)).toBe(await contentOf(await smallDatabase()));
});
