import { expect } from "bun:test";
import type { Deed, Engine, Options, Place, Question } from "./engine.ts";
import { failureOf } from "../sample.ts";
import { openDatabase, openVault } from "./vault.ts";

/** A row that ends in restore and compare. */
export interface Kept {
  outcome: "kept" | `kept, ${string}`;
  /** Fills the database. */
  make: Deed;
  /** Asks the source, and what was restored, about the very thing. */
  ask: Question;
  answer: string;
  /** The database's own name, where it matters. */
  name?: string;
  /** What the driver is told besides. */
  more?: Options;
  /** Where it happens, if not on the usual server. */
  engine?: Engine;
  /** Leaves it at `ask`: the whole content takes too long. @default true */
  whole?: boolean;
}

/** A row that ends in an error, with no backup stored. */
export interface Refused {
  outcome: "refused";
  /** What leads to the error. A database that `make` has filled is at hand; what must be stopped goes on the stack. */
  options: (place: Place, stack: AsyncDisposableStack) => Options | Promise<Options>;
  error: Expected;
  make?: Deed;
}

/** What an error must be and say. */
export interface Expected {
  kind: string;
  message: RegExp;
  /** What to do about it. */
  hint: RegExp;
}

/** Tests a row of either outcome. */
export async function testContent(engine: Engine, row: Kept | Refused): Promise<void> {
  await (row.outcome === "refused" ? testRefused(engine, row) : testKept(row.engine ?? engine, row));
}

async function testKept(engine: Engine, row: Kept): Promise<void> {
  await using vault = await openVault();
  const source = await engine.make(row.name);
  await row.make(source);
  expect(await row.ask(source)).toBe(row.answer);
  const database = openDatabase(engine, { ...source.reading, ...row.more });
  const backup = await vault.backUp(database);
  expect(backup.manifest).toMatchObject({ complete: true, narrowed: [] });
  const target = await engine.make();
  await vault.restore(backup, openDatabase(engine, target.writing));
  expect(await row.ask(target)).toBe(row.answer);
  if (row.whole ?? true) expect(await engine.content(target)).toBe(await engine.content(source));
}

async function testRefused(engine: Engine, row: Refused): Promise<void> {
  await using vault = await openVault();
  const source = await engine.make();
  await row.make?.(source);
  await using stack = new AsyncDisposableStack();
  const backup = vault.backUp(openDatabase(engine, await row.options(source, stack)));
  await expectRefused(backup, row.error);
  expect(await vault.backups()).toEqual([]);
}

/** Expects a failure that names its reason, and what to do. */
export async function expectRefused(
  attempt: Promise<unknown>,
  { kind, message, hint }: Expected,
): Promise<void> {
  const failure = await failureOf(attempt);
  expect(failure).toMatchObject({ name: "DbackedError", kind });
  expect(String(failure)).toMatch(message);
  expect(failure).toHaveProperty("hint", expect.stringMatching(hint));
}
