import { expect, test } from "bun:test";
import { Glob } from "bun";
import { dirname, join, relative } from "node:path";

const SRC = join(import.meta.dir, "..", "src");

/** What each folder of src/ may import besides itself, and the sentence that says why. */
const FLOORS: Record<string, { may: readonly string[]; why: string }> = {
  base: { may: [], why: "base holds the words that the whole program uses, so it knows of nobody" },
  tool: { may: ["base"], why: "running a program has nothing to do with what it is run for" },
  compress: { may: ["base"], why: "a codec sees bytes and nothing else" },
  seal: { may: ["base"], why: "the envelope can be read and judged alone" },
  store: { may: ["base"], why: "a store sees sealed bytes and nothing else" },
  schedule: { may: ["base"], why: "when something is due is a matter of times alone" },
  notify: { may: ["base", "tool"], why: "who is told of a backup has no part in making it" },
  database: { may: ["base", "tool"], why: "a driver knows of no store and no envelope" },
  catalog: { may: ["base", "store"], why: "what a backup is does not depend on engines or private keys" },
  job: {
    may: ["base", "database", "compress", "seal", "store", "catalog"],
    why: "a use case is given its options: it reads no config and prints nothing",
  },
  config: {
    may: ["base", "database", "store", "seal", "compress", "schedule", "catalog", "job", "notify"],
    why: "config turns sources into options of those folders, and runs nothing",
  },
  release: {
    may: ["base", "tool"],
    why: "the program replaces and removes its own file, and knows of nothing that it does",
  },
  host: {
    may: ["base", "tool"],
    why: "how the program lives on a host has nothing to do with what it does there",
  },
  agent: {
    may: ["base", "schedule"],
    why: "the side that stays makes no backup itself: it knows times, and starts processes",
  },
  setup: {
    may: ["base", "store", "database", "job", "config", "host"],
    why: "what makes a config out of answers asks nobody: that is the command line's",
  },
  doctor: {
    may: ["base", "notify", "host", "database", "seal", "store", "schedule", "catalog", "job", "config"],
    why: "whether all is well is said in values: others ask for it, and print them",
  },
  cli: {
    may: [
      "doctor",
      "setup",
      "base",
      "schedule",
      "agent",
      "tool",
      "notify",
      "release",
      "host",
      "database",
      "compress",
      "seal",
      "store",
      "catalog",
      "job",
      "config",
    ],
    why: "the command line is the top floor",
  },
};

/** `import … from`, `import type`, `export … from`, `import "…"` and `import("…")`. */
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)"(\.[^"]+)"/g;

interface Import {
  file: string;
  from: string;
  to: string;
}

async function readImports(): Promise<{ folders: Set<string>; imports: Import[] }> {
  const folders = new Set<string>();
  const imports: Import[] = [];
  for await (const file of new Glob("**/*.ts").scan(SRC)) {
    const from = folderOf(file);
    if (from !== null) folders.add(from);
    const text = await Bun.file(join(SRC, file)).text();
    for (const match of text.matchAll(IMPORT)) {
      const target = relative(SRC, join(SRC, dirname(file), match[1] ?? ""));
      // package.json and the stand-alone decryptor are bundled as they are.
      if (!target.startsWith(".."))
        imports.push({ file, from: from ?? "main", to: folderOf(target) ?? "main" });
    }
  }
  return { folders, imports };
}

function folderOf(file: string): string | null {
  return file.includes("/") ? (file.split("/")[0] ?? null) : null;
}

const { folders, imports } = await readImports();

test("every folder of src/ has its row, and every row its folder", () => {
  expect([...folders].toSorted()).toEqual(Object.keys(FLOORS).toSorted());
});

test.each(Object.entries(FLOORS))("src/%s imports only what its floor allows", (folder, { may, why }) => {
  const inside = imports.filter((each) => each.from === folder);
  const wrong = inside.filter(({ to }) => to !== folder && !may.includes(to));
  expect(wrong.map(({ file, to }) => `${file} imports ${to}/: ${why}`)).toEqual([]);
});

test("only main.ts ends the process", async () => {
  const exits: string[] = [];
  for await (const file of new Glob("**/*.ts").scan(SRC)) {
    if (file !== "main.ts" && (await Bun.file(join(SRC, file)).text()).includes("process.exit("))
      exits.push(file);
  }
  expect(exits).toEqual([]);
});
