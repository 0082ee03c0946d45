import { afterAll, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FOLDER_STORE, Place, SHOP } from "./given.ts";

const place = await Place.make();
afterAll(() => place.remove());

test("loadConfig() takes the commands of a database", async () => {
  const toml = `${FOLDER_STORE}${SHOP}\n[databases.hooks]\nbefore = ["/bin/a", "b c"]\ntimeout = "90s"`;
  const { databases } = await place.load({ toml });
  expect(databases[0]?.hooks).toEqual({
    before: ["/bin/a", "b c"],
    afterSuccess: null,
    afterFailure: null,
    limitMs: 90_000,
  });
  expect((await place.load({ toml: FOLDER_STORE + SHOP })).databases[0]?.hooks).toBeNull();
});

const ARGV =
  'expected a program, by name or whole path, and its arguments, as in ["/usr/local/bin/tell", "--all"]';

test.each([
  ['before = "tell"', "FILE:11: before: expected a list: [ … ]"],
  ["before = []", `FILE:11: before: ${ARGV}`],
  ['afterSuccess = ["./tell"]', `FILE:11: afterSuccess: ${ARGV}`],
  ['timeout = "soon"', 'FILE:11: timeout: expected a time, as in "90s", "15m", "1h" or "2d", at most "30d"'],
  ['after = ["tell"]', "FILE:11: after: unknown key"],
])("loadConfig() refuses %s", async (line, mistake) => {
  const toml = `${FOLDER_STORE}${SHOP}\n[databases.hooks]\n${line}`;
  expect(await place.mistakes({ toml })).toEqual([mistake]);
});

test("docs/alerts.md: its examples work", async () => {
  const page = await Bun.file(join(import.meta.dir, "../../docs/alerts.md")).text();
  const blocks = [...page.matchAll(/^```toml\n([^]*?)^```$/gm)].map(([, text = ""]) => text);
  await writeFile(join(place.folder, "shop.ping"), "https://hc-ping.com/uuid", { mode: 0o600 });
  const told = [];
  for (const text of blocks) {
    const { databases } = await place.load({ toml: text.replaceAll("/etc/dbacked/", `${place.folder}/`) });
    told.push(...databases.map(({ pingUrl, hooks, metricsDirectory }) => [pingUrl, hooks, metricsDirectory]));
  }
  expect(told.map((all) => all.map((each) => each !== null))).toEqual([
    [true, false, false],
    [false, true, false],
    [false, false, true],
  ]);
});
