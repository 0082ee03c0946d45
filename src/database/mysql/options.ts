import { z } from "zod";
import { judgeOptions, type JudgedOptions } from "../dumper-options.ts";
import {
  type Mistake,
  mistakesInAddress,
  mistakesOf,
  refusing,
  socketServerFields,
} from "../server-fields.ts";
import { DUMP_OPTIONS } from "./dumper-options.ts";
import { parseUrl } from "./url.ts";

/** A URL is `mysql://user@host:port/database`, with MySQL's own parameters for TLS after `?`. */
const fields = z.strictObject({
  ...socketServerFields,
  /** Keeps writers out while the dump runs, so that tables of every engine are of one moment. */
  lockTables: z.boolean().default(false),
});

export type MysqlFields = z.output<typeof fields>;

/** Options of a database of the type `mysql`. */
export const mysqlOptions = fields.superRefine(refusing(mistakesIn));

/** What `dumperOptions` mean to the dump program. */
export function judgeDumperOptions(options: MysqlFields["dumperOptions"]): JudgedOptions {
  return judgeOptions("mysqldump or mariadb-dump", DUMP_OPTIONS, options);
}

function* mistakesIn(options: MysqlFields): Generator<Mistake> {
  yield* mistakesInAddress(options, parseUrl);
  yield* mistakesOf("dumperOptions", () => judgeDumperOptions(options.dumperOptions));
}
