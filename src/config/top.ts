import { z } from "zod";

import type { Config } from "./config.ts";
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

/** The agent's record is a file of that name. */
const AGENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

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
  daemon: z.boolean().default(false),
  daemonName: z
    .string()
    .regex(
      AGENT_NAME,
      "expected letters, digits, dots, dashes and underscores, 63 at most, no mark at the front",
    )
    .optional(),
});

/** The few values that stand in no section. */
type Top = Pick<Config, "agentId" | "daemon" | "daemonName">;

/** Checks what stands at the top: which sections there are, and the few values that are in none. */
export function readTop(settings: Settings, mistakes: Mistakes): Top {
  const keys = [...Object.keys(topOptions.shape), ...Object.keys(FLAT_NAMES)];
  const top = validate(topOptions, { value: { ...settings.tree }, path: [], keys }, settings, mistakes);
  const { agentId = null, daemon = false, daemonName = null } = top ?? {};
  return { agentId, daemon, daemonName };
}
