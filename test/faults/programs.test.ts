import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { ENGINES } from "./engine.ts";
import { expectOutcome } from "./finished.ts";
import { PROGRAM_ROWS } from "./program-rows.ts";
import { ProgramScene } from "./program-scene.ts";
import { isFailure } from "./row.ts";

setDefaultTimeout(60_000);

for (const engine of ENGINES) {
  describe.skipIf(!engine.isHere)(`${engine.name}: a backup to a folder`, () => {
    let made: Promise<ProgramScene> | undefined;
    const scene = () => (made ??= ProgramScene.make(engine));
    afterAll(async () => (await made)?.[Symbol.asyncDispose]());

    test.each(PROGRAM_ROWS)("$where $what", async (row) => {
      const site = await scene();
      const before = await site.look();
      expectOutcome(await site.run(row), row.outcome);
      expect(await readdir(site.host.temporary)).toEqual([]);
      const after = await site.look();
      if (isFailure(row.outcome)) expect(after).toEqual(before);
      else expect(after.good).toHaveLength(before.good.length + 1);
    });

    test("afterwards the older backup and a new one are restored", async () => {
      await (await scene()).expectRestorable();
    });
  });
}
