import { expect } from "bun:test";
import { expectRefused, type Expected } from "./content.ts";
import type { Deed, Engine, Question } from "./engine.ts";
import { openDatabase, openVault } from "./vault.ts";

/** A server of which a setting must be raised for very many tables. */
export interface Locks {
  outcome: "refused, naming the setting";
  make: Deed;
  ask: Question;
  answer: string;
  /** Where the setting is raised. */
  raised: Engine;
  restoreError: Expected;
  dumpError: Expected;
}

/** Tests what a server with the setting's default says of as many tables, and the way around it. */
export async function testLocks(engine: Engine, row: Locks): Promise<void> {
  await using vault = await openVault();
  const source = await row.raised.make();
  await row.make(source);
  const backup = await vault.backUp(openDatabase(row.raised, source.reading));
  const target = await engine.make();
  const writing = openDatabase(engine, target.writing);
  await expectRefused(vault.restore(backup, writing), row.restoreError);
  await vault.restore(backup, writing, { singleTransaction: false });
  expect(await row.ask(target)).toBe(row.answer);
  const stored = await vault.backups();
  await expectRefused(vault.backUp(openDatabase(engine, target.reading)), row.dumpError);
  expect(await vault.backups()).toEqual(stored);
}
