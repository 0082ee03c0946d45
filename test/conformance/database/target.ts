import { expect } from "bun:test";
import { stat } from "node:fs/promises";
import { requireProgram, runProgram } from "../../../scripts/services/service.ts";
import { expectRefused, type Expected } from "./content.ts";
import { startCutter } from "./cutter.ts";
import type { Deed, Engine, Options } from "./engine.ts";
import { openDatabase, openVault, type Vault } from "./vault.ts";

/** A target that holds something already. */
export interface Full {
  outcome: "refused, emptied by force";
  make: Deed;
  /** Fills the target: something that the source has too, and something that it has not. */
  fill: Deed;
  error: Expected;
}

/** Tests that nothing is ever merged. */
export async function testFull(engine: Engine, row: Full): Promise<void> {
  await using vault = await openVault();
  const { source, backup } = await backUpOf(vault, engine, row.make);
  const target = await engine.make();
  await row.fill(target);
  const old = await engine.content(target);
  await expectRefused(vault.restore(backup, openDatabase(engine, target.writing)), row.error);
  expect(await engine.content(target)).toBe(old);
  await vault.restore(backup, openDatabase(engine, target.writing), { force: true });
  expect(await engine.content(target)).toBe(await engine.content(source));
}

/** A connection that breaks off. */
export interface Torn {
  outcome: "refused";
  /** Fills the database with more than 4 MB that cannot be compressed. */
  make: Deed;
  /** The port of the server. */
  port: () => Promise<number>;
  /** The same options by another port. */
  through: (options: Options, port: number) => Options;
  error: Expected;
}

/** Bytes of one connection: more than any question needs, less than the dump has. */
const CUT_AFTER = 2_000_000;

/** Tests that half a dump is no backup. */
export async function testTornDump(engine: Engine, row: Torn): Promise<void> {
  await using vault = await openVault();
  const source = await engine.make();
  await row.make(source);
  await using cutter = await startCutter(await row.port(), { after: CUT_AFTER });
  const database = openDatabase(engine, row.through(source.reading, cutter.port));
  await expectRefused(vault.backUp(database), row.error);
  expect(cutter.cuts).toBeGreaterThan(0);
  expect(await vault.backups()).toEqual([]);
}

/** What a restore that fails leaves behind. */
export interface Left {
  outcome: "refused, target as it was" | "refused, target half restored, and said";
  /** Fills the target before; what is there is emptied by force. */
  fill: Deed;
}

/** Tests what is left when the connection of a restore breaks off. */
export async function testTornRestore(engine: Engine, row: Omit<Torn, "outcome"> & Left): Promise<void> {
  await using vault = await openVault();
  const { backup } = await backUpOf(vault, engine, row.make);
  const target = await engine.make();
  await row.fill(target);
  const old = await engine.content(target);
  await using cutter = await startCutter(await row.port(), { after: CUT_AFTER });
  const database = openDatabase(engine, row.through(target.writing, cutter.port));
  await expectRefused(vault.restore(backup, database, { force: true }), row.error);
  expect(cutter.cuts).toBeGreaterThan(0);
  if (row.outcome === "refused, target as it was") expect(await engine.content(target)).toBe(old);
}

/** A target that has no room for what is restored. */
export interface FullDisk extends Left {
  /** Fills the source with about 40 MB. */
  make: Deed;
  /** A server that was given little room, or that need not survive. @default the usual one */
  engine?: Engine;
  /** The process that writes the target's files: their size is limited while it restores. */
  process?: () => Promise<number>;
  /** Bytes that a file of its may have then. @default 20 MiB: more than any file of an empty server */
  room?: number;
  error: Expected;
}

const ROOM = 20 * 1024 * 1024;

/** Tests that a full disk is named, and what is left then. */
export async function testFullDisk(usual: Engine, row: FullDisk): Promise<void> {
  const { engine = usual } = row;
  await using vault = await openVault();
  const { backup } = await backUpOf(vault, usual, row.make);
  const target = await engine.make();
  await row.fill(target);
  const old = await engine.content(target);
  const database = openDatabase(engine, target.writing);
  {
    await using _ =
      row.process === undefined ? null : await limitFiles(await row.process(), row.room ?? ROOM);
    await expectRefused(vault.restore(backup, database, { force: true }), row.error);
  }
  if (row.outcome === "refused, target as it was") expect(await engine.content(target)).toBe(old);
}

/**
 * Lets no file of a process grow longer: to the process that is a full disk, and unlike one it can be had without being
 * root. What the process starts from now on is limited too.
 */
async function limitFiles(pid: number, bytes: number): Promise<AsyncDisposable> {
  const { uid, gid } = await stat(`/proc/${pid}`);
  // In a container not even root may limit another user's process.
  const as =
    uid === process.getuid?.()
      ? []
      : [requireProgram("setpriv", "util-linux"), `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
  const prlimit = [...as, requireProgram("prlimit", "util-linux"), "--pid", String(pid)];
  const limit = (size: string) => runProgram([...prlimit, `--fsize=${size}:unlimited`]);
  await limit(String(bytes));
  return { [Symbol.asyncDispose]: async () => void (await limit("unlimited")) };
}

async function backUpOf(vault: Vault, engine: Engine, make: Deed) {
  const source = await engine.make();
  await make(source);
  return { source, backup: await vault.backUp(openDatabase(engine, source.reading)) };
}
