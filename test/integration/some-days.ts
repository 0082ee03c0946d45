import { expect } from "bun:test";
import { type History, history } from "./history.ts";
import { listGood, type Setting } from "./scene.ts";

/** What {@link someDays} keeps. */
export const KEEP = { last: 1, weekly: 3 };
export const DAYS = 6;
/** Of six days from Thursday, the 1st of October 2026: the Sunday and the last. */
export const KEPT_DAYS = [3, 5];

/** The IDs of some days. */
export const pick = (ids: readonly string[], days: readonly number[]) => days.map((day) => ids[day] ?? "");
export const allBut = (ids: readonly string[], days: readonly number[]) =>
  ids.filter((_, day) => !days.includes(day));

/** Days of backups, of which four are to go. */
export async function someDays(setting: Setting, options = {}): Promise<{ site: History; ids: string[] }> {
  const site = await history(setting, options);
  const ids = await site.make(DAYS);
  await site.configure({ keep: KEEP });
  return { site, ids };
}

/** All that was to go is gone, and what is left can be restored. */
export async function expectPruned(site: History, ids: readonly string[]): Promise<void> {
  expect((await listGood(site.host)).toReversed()).toEqual(pick(ids, KEPT_DAYS));
  const gone = allBut(ids, KEPT_DAYS);
  expect((await site.look()).filter((key) => gone.some((id) => key.includes(id)))).toEqual([]);
  await site.expectRestorable(ids[5] ?? "", 5);
  await site.expectRestorable(ids[3] ?? "", 3);
}
