import { z } from "zod";
import { judgeOptions, type JudgedOptions } from "../dumper-options.ts";
import {
  type Mistake,
  mistakesInAddress,
  mistakesOf,
  refusing,
  socketServerFields,
} from "../server-fields.ts";
import { PG_DUMP_OPTIONS } from "./dumper-options.ts";
import { parseUrl } from "./url.ts";

/** A URL is `postgres://role@host:port/database`, with libpq's parameters after `?`. */
const fields = z.strictObject(socketServerFields);

export type PostgresFields = z.output<typeof fields>;

/** Options of a database of the type `postgres`. */
export const postgresOptions = fields.superRefine(refusing(mistakesIn));

/** What `dumperOptions` mean to pg_dump. */
export function judgeDumperOptions(options: PostgresFields["dumperOptions"]): JudgedOptions {
  return judgeOptions("pg_dump", PG_DUMP_OPTIONS, options);
}

function* mistakesIn(options: PostgresFields): Generator<Mistake> {
  yield* mistakesInAddress(options, parseUrl);
  yield* mistakesOf("dumperOptions", () => judgeDumperOptions(options.dumperOptions));
}
