// Shell transcripts: what a user types, and all that he sees. `TRANSCRIPTS=write bun test test/cli/transcripts.test.ts`
// writes them anew; read the difference before you commit it.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { openShell, type Shell } from "./transcript.ts";

const FOLDER = fileURLToPath(import.meta.resolve("./transcripts"));
const TIMEOUT_MS = 60_000;

let shell: Shell;

beforeAll(async () => {
  shell = await openShell();
}, TIMEOUT_MS);

afterAll(async () => {
  await shell[Symbol.asyncDispose]();
});

// One after another in one folder, as a user goes on.
for (const name of readdirSync(FOLDER).toSorted()) {
  test(
    `the transcript ${name} is what happens`,
    async () => {
      const file = join(FOLDER, name);
      const expected = await Bun.file(file).text();
      const actual = await shell.replay(expected);
      if (process.env["TRANSCRIPTS"] === "write") await Bun.write(file, actual);
      else expect(actual).toBe(expected);
    },
    TIMEOUT_MS,
  );
}
