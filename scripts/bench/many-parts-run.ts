import { join } from "node:path";
import { startCountingStore } from "../services/counting-store.ts";
import { measureCommand } from "./process.ts";
import type { Row } from "./soak-row.ts";

/** Of 5 TiB: 8 MiB each. */
const PARTS = (5 * 2 ** 40) / (8 * 2 ** 20);
const PART_BYTES = 16;

/** Stores as many parts as 5 TiB have, in as many volumes, but of a few bytes each. */
export async function soakParts(limitMs: number | undefined): Promise<Row> {
  await using store = await startCountingStore({ keeps: false });
  const program = join(import.meta.dir, "many-parts.ts");
  const command = [process.execPath, program, store.endpoint, `${PARTS}`, `${PART_BYTES}`];
  const measured = await measureCommand(command, limitMs);
  const tally = await store.tally();
  const note = `the upload alone, not compiled; parts of ${PART_BYTES} bytes`;
  return { dump: "parts of 5 TiB", store: "as fast as it can", measured, tally, note };
}
