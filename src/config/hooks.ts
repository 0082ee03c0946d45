import { z } from "zod";
import { argvOption, type Hooks } from "../notify/hook.ts";
import { durationOption } from "./duration.ts";

const FIVE_MINUTES_MS = 5 * 60_000;

const argv = argvOption.nullable().default(null);

/** The table `hooks` of a database. */
export const hooksOption = z
  .strictObject({
    before: argv,
    afterSuccess: argv,
    afterFailure: argv,
    timeout: durationOption.default(FIVE_MINUTES_MS),
  })
  .transform(({ timeout, ...commands }): Hooks => ({ ...commands, limitMs: timeout }));
