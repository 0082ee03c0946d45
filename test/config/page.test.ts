import { afterAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

import { FLAT_NAMES, spell, variableOf } from "../../src/config/flat-names.ts";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { databaseDrivers } from "../../src/database/registry.ts";
import { storeDrivers } from "../../src/store/registry.ts";

const folder = await mkdtemp(join(tmpdir(), "dbacked-page-"));
afterAll(async () => rm(folder, { recursive: true }));
for (const name of ["recipient.pem", "kms.pem", "signer.pem", "shop.password", "minio.key", "dbacked.pem"])
  await writeFile(join(folder, name), "content", { mode: 0o600 });

const page = await Bun.file(join(import.meta.dir, "../../docs/configuration.md")).text();
const blocks = [...page.matchAll(/^```(toml|json|sh)\n([^]*?)^```$/gm)].map(([, form = "", text = ""]) => ({
  form,
  // What the page names in /etc/dbacked and on a medium is in the test's folder.
  text: text.replaceAll(/\/(etc\/dbacked|media\/key)\//g, `${folder}/`),
}));

async function load(form: string, text: string): Promise<Config> {
  const variables = Object.fromEntries(
    [...text.matchAll(/^(DBACKED_\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
  if (form === "sh")
    return await loadConfig({ environment: variables, folders: [join(folder, "none")] }, [
      "databases",
      "stores",
      "recipients",
      "signer",
    ]);
  const file = join(folder, `config.${form}`);
  await writeFile(file, text, { mode: 0o600 });
  return await loadConfig(
    { environment: { SHOP_PASSWORD: "p@ss" }, file },
    text.includes("recipients") ? ["recipients"] : [],
  );
}

test("docs/configuration.md has examples in each form", () => {
  expect(new Set(blocks.map(({ form }) => form))).toEqual(new Set(["toml", "json", "sh"]));
});

test.each(blocks)("docs/configuration.md: the %# example works", async ({ form, text }) => {
  const { warnings } = await load(form, text);
  expect(warnings).toEqual([]);
});

test("docs/configuration.md: its first two examples say the same", async () => {
  const [toml, json] = await Promise.all(
    blocks.slice(0, 2).map(async ({ form, text }) => {
      const { databases, stores, recipients } = await load(form, text);
      return JSON.stringify({ databases, stores, recipients });
    }),
  );
  expect(toml).toBe(json ?? "");
});

test.each(Object.entries({ ...databaseDrivers, ...storeDrivers }))(
  "docs/configuration.md tells every key of %s",
  (type, { options }) => {
    const start = page.indexOf(`### \`type = "${type}"\``);
    expect(start).toBeGreaterThan(0);
    const section = page.slice(start, page.indexOf("\n#", start + 1));
    const told = new Set([...section.matchAll(/`(\w+)`/g)].map(([, key]) => key));
    const keys = options instanceof z.ZodObject ? Object.keys(options.shape) : [];
    expect(keys.filter((key) => !told.has(key) && key !== "acceptIncomplete")).toEqual([]);
    expect(keys.length).toBeGreaterThan(0);
  },
);

test("docs/configuration.md tells every flat name with its option and its variable", () => {
  for (const [name, { kind, summary }] of Object.entries(FLAT_NAMES)) {
    expect(page).toContain(`\`${name}`);
    if (summary === "") continue;
    const option = kind === "secret" ? "none: it is a secret" : `\`--${spell(name)}\``;
    expect(page.replaceAll(/ +/g, " ")).toContain(`| \`${name}\` | ${option} | \`${variableOf(name)}\` |`);
  }
});
