// All that can be planted, at once, and the program itself among it.
import { Database as Connection } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { listBackups } from "../../src/catalog/list.ts";
import { noteVerifier } from "../../src/job/trust.ts";
import { FolderStore } from "../../src/store/folder.ts";
import { listGood } from "../integration/scene.ts";
import { backUp, sqliteDatabase, workspace } from "../integration/workspace.ts";
import { never } from "../job/site.ts";
import { PLANTS } from "./plants.ts";

setDefaultTimeout(60_000);

test("run, list, restore and prune go on among planted objects as they did before", async () => {
  await using host = await workspace();
  const path = join(host.folder, "shop.db");
  const entry = sqliteDatabase(path, { name: "shop", keep: { last: 2 } });
  await host.configure({ databases: [entry] });
  using connection = new Connection(path);
  connection.run("CREATE TABLE orders AS SELECT 1 AS id");
  const made: string[] = [];
  for (let round = 0; round < 3; round += 1) made.unshift((await backUp(host)).id);

  const store = new FolderStore({ path: host.store });
  const { backups } = await listBackups(store, "shop", noteVerifier(store, [], never), never);
  for (const [, sow] of PLANTS) {
    for (const [key, content] of Object.entries(await sow(backups)))
      await Bun.write(join(host.store, key), content);
  }
  expect(await listGood(host)).toEqual(made);
  connection.run("INSERT INTO orders VALUES (2)");
  made.unshift((await backUp(host)).id);
  expect(await listGood(host)).toEqual(made);

  const restore = ["restore", "--last-backup", "--raw-output", "--private-key-path", host.privateKey];
  const { exitCode, output } = await host.run(restore);
  expect(exitCode).toBe(0);
  using restored = Connection.deserialize(output);
  expect(restored.query("SELECT count(*) AS rows FROM orders").get()).toEqual({ rows: 2 });

  expect(await host.run(["prune"])).toMatchObject({ exitCode: 0 });
  expect(await listGood(host)).toEqual(made.slice(0, 2));
});
