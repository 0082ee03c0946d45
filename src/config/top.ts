import { z } from "zod";

import { isTable } from "./document.ts";
import { FLAT_NAMES } from "./flat-names.ts";
import type { Mistakes } from "./mistakes.ts";
import type { Settings } from "./settings.ts";
import { validate } from "./validate.ts";

const tables = z
  .array(z.custom(isTable, "expected a table"))
  .min(1, "expected at least one entry")
  .optional();

const table = z.custom(isTable, "expected a table").optional();

const topOptions = z.strictObject({
  databases: tables,
  stores: tables,
  encryption: table,
  signing: table,
  identity: table,
  pingUrl: z.unknown().optional(),
  pingUrlFile: z.string().min(1).optional(),
  metricsDirectory: z.string().min(1).optional(),
  agentId: z.string().min(1).optional(),
  subscriptionType: z.enum(["free", "pro"]).optional(),
  sendAnalytics: z.boolean().optional(),
  daemon: z.boolean().optional(),
});

/** Checks what stands at the top: which sections there are, and the few values that are in none. */
export function readTop(settings: Settings, mistakes: Mistakes): { agentId: string | null } {
  const keys = [...Object.keys(topOptions.shape), ...Object.keys(FLAT_NAMES)];
  const top = validate(topOptions, { value: { ...settings.tree }, path: [], keys }, settings, mistakes);
  return { agentId: top?.agentId ?? null };
}
