import { expect, setDefaultTimeout, test } from "bun:test";
import { cp, exists, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { version } from "../../package.json";
import { runProgram, temporaryFolder } from "../../scripts/services/service.ts";

setDefaultTimeout(60_000);

const ROOT = fileURLToPath(import.meta.resolve("../.."));

interface Instruction {
  word: string;
  rest: string;
}

/** The instructions of each stage of the Dockerfile. */
async function readStages(): Promise<Instruction[][]> {
  const text = await Bun.file(join(ROOT, "Dockerfile")).text();
  const lines = text.replaceAll(/\\\n\s*/g, "").split("\n");
  const instructions = lines.flatMap((line): Instruction[] => {
    if (line === "" || line.startsWith("#")) return [];
    const [, word = "", rest = ""] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    expect(word).not.toBe("");
    return [{ word, rest }];
  });
  const stages: Instruction[][] = [];
  for (const instruction of instructions) {
    if (instruction.word === "FROM") stages.push([]);
    stages.at(-1)?.push(instruction);
  }
  return stages;
}

const [build = [], image = []] = await readStages();

function restsOf(stage: readonly Instruction[], word: string): string[] {
  return stage.filter((each) => each.word === word).map(({ rest }) => rest);
}

test("the Dockerfile copies what is there, and builds the program from no more than that", async () => {
  await using folder = await temporaryFolder("image");
  for (const copy of restsOf(build, "COPY")) {
    const paths = copy.split(" ");
    const target = paths.pop() ?? "";
    for (const source of paths) {
      const place = target.endsWith("/") ? join(target, source.split("/").at(-1) ?? "") : target;
      await mkdir(join(folder.path, place, ".."), { recursive: true });
      await cp(join(ROOT, source), join(folder.path, place), { recursive: true });
    }
  }
  // The first of its commands installs packages, which are here already.
  const [, ...commands] = restsOf(build, "RUN");
  await symlink(join(ROOT, "node_modules"), join(folder.path, "node_modules"));
  for (const command of commands) await runProgram(["sh", "-c", `cd "$0" && ${command}`, folder.path]);
  expect((await runProgram([join(folder.path, "dist/dbacked"), "--version"])).trim()).toBe(version);
});

test("the Dockerfile installs packages by the script that pins their versions", async () => {
  const [install] = restsOf(build, "RUN");
  expect(install).toBe("sh -c '. scripts/setup.sh' scripts/setup.sh");
  // What the script reads and does, where all is installed already.
  await runProgram(["sh", "-c", `cd "$0" && ${install}`, ROOT]);
});

test("the image runs the program by a user that is not root", () => {
  expect(restsOf(image, "USER")).toEqual(["65532:65532"]);
  expect(restsOf(image, "ENTRYPOINT")).toEqual(['["/usr/local/bin/dbacked"]']);
  expect(restsOf(image, "COPY")).toEqual(["--from=build /source/dist/dbacked /usr/local/bin/dbacked"]);
  expect(image.map(({ word }) => word).lastIndexOf("RUN")).toBeLessThan(
    image.findIndex(({ word }) => word === "USER"),
  );
});

test("the image installs packages that Debian has", async () => {
  const [install = ""] = restsOf(image, "RUN");
  const [, names = ""] = /--no-install-recommends ((?:[a-z0-9.+-]+ ?)+)/.exec(install) ?? [];
  const packages = names.trim().split(" ");
  expect(packages).toContain("postgresql-client");
  const known = await runProgram(["apt-cache", "--no-all-versions", "show", ...packages]);
  for (const name of packages) expect(known).toMatch(new RegExp(`^Package: ${RegExp.escape(name)}$`, "m"));
});

test("what the image is built from holds nothing that it need not", async () => {
  const ignored = (await Bun.file(join(ROOT, ".dockerignore")).text()).trim().split("\n");
  expect(ignored[0]).toBe("*");
  const sent = ignored.slice(1).map((line) => line.replace(/^!/, ""));
  for (const path of sent) expect(await exists(join(ROOT, path))).toBe(true);
  const copied = new Set(restsOf(build, "COPY").flatMap((copy) => copy.split(" ").slice(0, -1)));
  const needed = new Set([...copied].map((path) => path.split("/")[0] ?? ""));
  expect(sent.toSorted()).toEqual([...needed].toSorted());
});
