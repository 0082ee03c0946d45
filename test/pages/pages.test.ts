// What the pages show must be there: commands, options, keys of the config, links.
import { afterAll, expect, test } from "bun:test";
import { exists, mkdir, writeFile } from "node:fs/promises";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { temporaryFolder } from "../../scripts/services/service.ts";
import { readArguments } from "../../src/cli/arguments.ts";
import { isGroup } from "../../src/cli/command.ts";
import { GLOBAL_OPTIONS } from "../../src/cli/option.ts";
import { root } from "../../src/cli/root.ts";
import { listCommands } from "../../src/cli/tree.ts";
import { loadConfig } from "../../src/config/load.ts";
import { listBlocks, listCommandLines } from "./blocks.ts";

const ROOT = join(import.meta.dir, "../..");

const names = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"].concat(
  readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
);
const pages = new Map<string, string>();
for (const name of names) pages.set(name, await Bun.file(join(ROOT, name)).text());

const commands = await listCommands(root, "dbacked");
const folder = await temporaryFolder("pages");
afterAll(async () => folder[Symbol.asyncDispose]());

/** What is wrong with a command line; null if its command and all its options are known. */
function mistakeIn(words: readonly string[]): string | null {
  const found = commands.findLast(({ name }) => `${words.join(" ")} `.startsWith(`${name} `));
  const rest = words.slice(found?.name.split(" ").length ?? 1);
  if (found === undefined && rest.some((word) => /^[a-z]/.test(word))) return "no such command";
  const options = found === undefined || isGroup(found.target) ? {} : found.target.options;
  try {
    readArguments(rest, { ...GLOBAL_OPTIONS, ...options }, { value: "", least: 0, most: Infinity });
    return null;
  } catch (error) {
    return String(error);
  }
}

/** Command lines in blocks for shells, and between backticks. */
function commandsOn(page: string): string[][] {
  const shown = listBlocks(page).filter(({ form }) => form === "" || form === "sh");
  const inline = page.replaceAll(/^```[^]*?^```$/gm, "").matchAll(/`(dbacked [^`]+)`/g);
  return [...shown.map(({ text }) => text), ...[...inline].map(([, text = ""]) => text)].flatMap(
    listCommandLines,
  );
}

test("a command line that dbacked would refuse is found, wherever it stands on a page", () => {
  const page =
    "```sh\nA=b dbacked run \\\n  --onec | cat\n```\n\nand `dbacked frob`, `dbacked list --store nas`.\n";
  expect(commandsOn(page).map(mistakeIn)).toEqual([
    expect.stringContaining("unknown option --onec"),
    "no such command",
    null,
  ]);
});

test.each(names)("%s: every command line has commands and options that are there", (name) => {
  const mistakes = commandsOn(pages.get(name) ?? "").flatMap((words) => {
    const mistake = mistakeIn(words);
    return mistake === null ? [] : [`${words.join(" ")}: ${mistake}`];
  });
  expect(mistakes).toEqual([]);
});

/** The anchors of a page, as GitHub makes them. */
function anchorsOf(page: string): Set<string> {
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

test.each(names)("%s: every link leads somewhere", async (name) => {
  const broken: string[] = [];
  for (const [, link = ""] of (pages.get(name) ?? "").matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(link)) continue;
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? name : join(dirname(name), path);
    const isThere = await exists(join(ROOT, target));
    const page = pages.get(target);
    if (!isThere || (anchor !== undefined && (page === undefined || !anchorsOf(page).has(anchor))))
      broken.push(link);
  }
  expect(broken).toEqual([]);
});

const configs = [...pages].flatMap(([name, page]) =>
  listBlocks(page)
    .filter(({ form }) => form === "toml")
    .map(({ text }, at) => ({ name, at: at + 1, text })),
);

/** What the page says around a piece of a config: the entry that a line belongs to, the stores that an entry names. */
function complete(text: string): string {
  const type = text.includes("certificateKeyFile") ? "mongodb" : "postgres";
  const entry = `[[databases]]\nname = "shop"\ntype = "${type}"\ndatabase = "shop"\n`;
  const whole = text.startsWith("tls =") ? entry + text : text;
  const [, named = ""] = /^stores = \[(.+)\]/m.exec(whole) ?? [];
  const stores = [...named.matchAll(/"(\w+)"/g)].flatMap(([quoted]) =>
    whole.includes(`name = ${quoted}`)
      ? []
      : [`\n[[stores]]\nname = ${quoted}\ntype = "folder"\npath = "/srv/backups"\n`],
  );
  return whole + stores.join("");
}

test.each(configs)("$name: its config number $at is read", async ({ text }) => {
  const inside = complete(text).replaceAll(
    /"(\/(?:etc|media|run|root)\/[^"]+)"/g,
    (_, path: string) => `"${folder.path}${path}"`,
  );
  for (const [path] of inside.matchAll(new RegExp(`${folder.path}[^"]+`, "g"))) {
    await mkdir(dirname(path), { recursive: true });
    // Good enough for a password, a key that nobody opens, and the URL of a ping.
    await writeFile(path, "https://ping.example/1\n", { mode: 0o600 });
  }
  const file = join(folder.path, "config.toml");
  await writeFile(file, inside, { mode: 0o600 });
  const environment = Object.fromEntries(
    [...text.matchAll(/\$\{(\w+)\}/g)].map(([, variable = ""]) => [variable, "value"]),
  );
  expect((await loadConfig({ environment, file }, [])).warnings).toEqual([]);
});
