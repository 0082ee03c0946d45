import { expect } from "bun:test";
import { waitUntil } from "../../../scripts/services/service.ts";
import type { Deed, Engine, Options, Place } from "./engine.ts";
import { openDatabase, openVault } from "./vault.ts";

/**
 * A bank whose accounts lie in two tables, between which there is a long one when they are dumped: money moves from one
 * to the other without a pause.
 */
export interface Writes {
  outcome: "kept" | "of several moments, and said";
  /** Makes the bank. What lies between the two tables is at least 40 MB that cannot be compressed to nothing. */
  make: Deed;
  /** Starts to move money, until it is disposed of. */
  start: (place: Place) => Promise<AsyncDisposable>;
  /** All the money there is, and how many transfers were made. */
  audit: (place: Place) => Promise<Audit>;
  more?: Options;
  engine?: Engine;
}

interface Audit {
  sum: number;
  transfers: number;
}

/** Transfers that must be made while the dump is under way. */
const ENOUGH = 100;

/** Tests that a dump is of one moment although others write, or is honest about it. */
export async function testWrites(usual: Engine, row: Writes): Promise<void> {
  const { engine = usual } = row;
  await using vault = await openVault();
  const source = await engine.make();
  await row.make(source);
  const before = await row.audit(source);
  expect(before.transfers).toBe(0);
  const madeUntil = async (count: number) =>
    await waitUntil(async () => (await row.audit(source)).transfers > count, { what: `transfer ${count}` });
  await using _ = await row.start(source);
  await madeUntil(ENOUGH);
  let begun = 0;
  const backup = await vault.backUp(openDatabase(engine, { ...source.reading, ...row.more }), async () => {
    begun = (await row.audit(source)).transfers;
    await madeUntil(begun + ENOUGH);
  });
  const target = await engine.make();
  await vault.restore(backup, openDatabase(engine, target.writing));
  const restored = await row.audit(target);
  expect(backup.manifest.consistent).toBe(row.outcome === "kept" ? "snapshot" : "no");
  expect(restored.transfers).toBeGreaterThan(0);
  if (row.outcome !== "kept") return;
  expect(restored.transfers).toBeLessThanOrEqual(begun);
  expect(restored.sum).toBe(before.sum);
}
