import { join } from "node:path";
import { stringify } from "smol-toml";

import { surveyConfig } from "../../src/config/load.ts";
import type { Check } from "../../src/doctor/check.ts";
import { openStores, type Patient } from "../../src/doctor/patient.ts";

/** What a config file says, as `doctor` gets it. */
export async function patientWith(folder: string, sections: Record<string, unknown>): Promise<Patient> {
  const file = join(folder, "config.toml");
  await Bun.write(file, stringify(sections), { mode: 0o600 });
  const { config, failure } = await surveyConfig({ environment: {}, file }, ["stores"]);
  if (config === null || failure !== null) throw failure ?? new Error("no config was read");
  const { databases, stores } = config;
  return {
    config,
    databases,
    stores: await openStores(stores),
    trusted: [],
    opens: false,
    now: () => new Date(),
  };
}

/** Each check in one line, as in `✗ database shop: it is late`. */
export function told(checks: readonly Check[]): string[] {
  const signs = { ok: "✓", warn: "!", fail: "✗" } as const;
  return checks.map(({ subject, state, what }) => `${signs[state]} ${subject}: ${what}`);
}
