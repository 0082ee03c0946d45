import { expect } from "bun:test";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../../scripts/services/service.ts";
import { databaseDrivers } from "../../../src/database/registry.ts";
import { testContent, type Kept } from "./content.ts";
import type { Deed, Engine, Options, Question } from "./engine.ts";
import { openDatabase, openVault } from "./vault.ts";

/** What a user may have lying about that would change a dump, if the programs saw it. */
export interface Surrounded {
  outcome: "kept";
  /** Files in the home folder. */
  files: Readonly<Record<string, string>>;
  environment: Readonly<Record<string, string>>;
  content: Kept;
}

/** Tests that a dump and a restore do not mind. */
export async function testSurrounded(engine: Engine, row: Surrounded): Promise<void> {
  await using home = await temporaryFolder("home");
  for (const [name, text] of Object.entries(row.files)) {
    await Bun.write(join(home.path, name), text);
    await chmod(join(home.path, name), 0o600);
  }
  const changed = { ...row.environment, HOME: home.path };
  const old = new Map(Object.keys(changed).map((name) => [name, process.env[name]]));
  Object.assign(process.env, changed);
  try {
    await testContent(engine, row.content);
  } finally {
    for (const [name, value] of old) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

/** An option of the dump program that makes the dump smaller. */
export interface Narrowed {
  outcome: "kept, and marked";
  make: Deed;
  more: Options;
  /** How the manifest calls the options. */
  narrowed: readonly string[];
  /** Asks what was restored, which holds less. */
  ask: Question;
  answer: string;
}

/** Tests that a narrowed dump is marked as incomplete, and holds what it should. */
export async function testNarrowed(engine: Engine, row: Narrowed): Promise<void> {
  await using vault = await openVault();
  const source = await engine.make();
  await row.make(source);
  const backup = await vault.backUp(openDatabase(engine, { ...source.reading, ...row.more }));
  expect(backup.manifest).toMatchObject({ complete: false, narrowed: row.narrowed });
  const target = await engine.make();
  await vault.restore(backup, openDatabase(engine, target.writing));
  expect(await row.ask(target)).toBe(row.answer);
}

/** Options of the dump program that would spoil the dump, each with the reason why it is refused. */
export interface RefusedOptions {
  outcome: "refused";
  options: Readonly<Record<string, RegExp>>;
}

/** Tests that such options never become a database that could be dumped. */
export async function testRefusedOptions(engine: Engine, row: RefusedOptions): Promise<void> {
  const place = await engine.make();
  for (const [dumperOptions, reason] of Object.entries(row.options)) {
    const { success, error } = databaseDrivers[engine.type].options.safeParse({
      ...place.reading,
      dumperOptions,
    });
    expect({ dumperOptions, success }).toEqual({ dumperOptions, success: false });
    expect(String(error)).toMatch(reason);
  }
}
