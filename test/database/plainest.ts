import type { RestorePlan } from "../../src/database/database.ts";

/** The plainest restore, of whatever kind of dump. */
export const PLAINEST: Omit<RestorePlan, "kind" | "tool"> = {
  force: false,
  noOwner: false,
  singleTransaction: true,
  jobs: 1,
  spoolDirectory: "/nowhere",
};
