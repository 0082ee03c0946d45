import { expect } from "bun:test";
import { expectRefused, testContent, type Expected, type Kept, type Refused } from "./content.ts";
import type { Deed, Engine, Question } from "./engine.ts";
import { openDatabase, openVault } from "./vault.ts";

/** Very many tables, for which a server must be told to make room. */
interface Locks {
  outcome: "kept; refused by default settings";
  make: Deed;
  ask: Question;
  answer: string;
  /** Where there is room. */
  roomy: Engine;
  /** What a server with default settings says, by which the setting is named. */
  restoreError: Expected;
  dumpError: Expected;
}

/** Tests very many tables. */
export async function testMany(engine: Engine, row: Locks | Kept | Refused): Promise<void> {
  await ("roomy" in row ? testLocks(engine, row) : testContent(engine, row));
}

/** Tests them where there is room, and where there is none, and the way around it. */
async function testLocks(engine: Engine, row: Locks): Promise<void> {
  await using vault = await openVault();
  const source = await row.roomy.make();
  await row.make(source);
  const backup = await vault.backUp(openDatabase(row.roomy, source.reading));
  expect(backup.manifest).toMatchObject({ complete: true, tables: 10_000 });
  const target = await row.roomy.make();
  await vault.restore(backup, openDatabase(row.roomy, target.writing));
  expect(await row.ask(target)).toBe(row.answer);

  const narrow = await engine.make();
  const writing = openDatabase(engine, narrow.writing);
  await expectRefused(vault.restore(backup, writing), row.restoreError);
  await vault.restore(backup, writing, { singleTransaction: false });
  expect(await row.ask(narrow)).toBe(row.answer);
  await using other = await openVault();
  await expectRefused(other.backUp(openDatabase(engine, narrow.reading)), row.dumpError);
  expect(await other.backups()).toEqual([]);
}
