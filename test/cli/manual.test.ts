import { expect, test } from "bun:test";
import { join } from "node:path";
import { requireProgram, runProgram, temporaryFolder } from "../../scripts/services/service.ts";
import { printManual } from "../../src/cli/manual.ts";
import type { Group } from "../../src/cli/command.ts";
import { flagOf, GLOBAL_OPTIONS, type Options } from "../../src/cli/option.ts";
import { root } from "../../src/cli/root.ts";
import { listCommands } from "../../src/cli/tree.ts";

/** The page as a reader sees it, in one long line; programs that lay it out must find nothing to say about it. */
async function read(manual: string): Promise<string> {
  await using folder = await temporaryFolder("manual");
  const file = join(folder.path, "dbacked.1");
  await Bun.write(file, `${manual}\n`);
  const mandoc = requireProgram("mandoc", "mandoc");
  const lint = Bun.spawnSync([mandoc, "-T", "lint", "-W", "warning", file]);
  const complaints = lint.stdout.toString().split("\n");
  expect(complaints.filter((each) => each !== "" && !each.includes("missing date"))).toEqual([]);
  const page = await runProgram([mandoc, "-T", "utf8", "-O", "width=500", file]);
  // Bold and underlined letters are written twice, with a backspace between.
  // oxlint-disable-next-line no-control-regex
  return page.replaceAll(/.\x08/g, "").replaceAll(/\s+/g, " ");
}

const manual = await read(await printManual(root, "dbacked", "1.2.3"));
const named = await listCommands(root, "dbacked");

test("listCommands() lists every command and every group by its whole name", () => {
  const names = named.map(({ name }) => name);
  expect(names).toContain("dbacked run");
  expect(names).toContain("dbacked signer");
  expect(names).toContain("dbacked signer show");
  expect(new Set(names).size).toBe(names.length);
});

test.each(named)("the manual page tells all of $name", ({ name, target }) => {
  if ("commands" in target) return;
  expect(manual).toContain(name);
  expect(manual).toContain(target.description.replaceAll("…", "..."));
  expect(manual).toContain(`Example: ${target.example}`);
  const all: Options = { ...GLOBAL_OPTIONS, ...target.options };
  for (const [key, option] of Object.entries(all)) {
    if (option.kind === "refused" || option.summary === "") continue;
    expect(manual).toContain(flagOf(key, option));
    expect(manual).toContain(option.summary.replaceAll("…", "..."));
  }
});

test("printManual() writes what is no ASCII, and what begins like a request, so that it is read as it is", async () => {
  const odd: Group = {
    description: "Backs up.",
    example: ".odd 'quoted' \\back",
    commands: {
      odd: {
        summary: "odd",
        load: async () => ({
          description: ".Größe, 日本 → “x” and --y.",
          example: "'odd",
          options: {},
          run: async () => {},
        }),
      },
    },
  };
  const page = await printManual(odd, "odd", "1");
  expect(page).toMatch(/^[ -~\n]*$/);
  const seen = await read(page);
  expect(seen).toContain(".Größe, 日本 → “x” and --y.");
  expect(seen).toContain("Example: 'odd ");
  expect(seen).toContain(".odd 'quoted' \\back");
});

test("what is copied out of the manual page is what was meant, by groff too", async () => {
  await using folder = await temporaryFolder("manual");
  const file = join(folder.path, "dbacked.1");
  const example = "a 'b' `c` ^d ~/e --f";
  const group: Group = { description: "Backs up.", example, commands: {} };
  await Bun.write(file, `${await printManual(group, "dbacked", "1.2.3")}\n`);
  const groff = requireProgram("groff", "groff-base");
  expect(await runProgram([groff, "-man", "-Tutf8", "-P-c", file])).toContain(example);
});
