import { isAbsolute } from "node:path";
import { z } from "zod";
import { reasonOf } from "../../base/error.ts";
import { Secret } from "../../base/secret.ts";
import { judgeOptions, type JudgedOptions } from "../dumper-options.ts";
import { splitWords } from "../words.ts";
import { DUMP_OPTIONS } from "./dumper-options.ts";
import { parseUrl } from "./url.ts";

const absolutePath = z.string().refine(isAbsolute, "expected an absolute path");
const word = z.string().min(1);
const tlsMode = z.enum(["disable", "prefer", "require", "verify-ca", "verify-full"]);

/** Fields that a URL holds already. */
const IN_URL = ["host", "socket", "port", "username", "database"] as const;

const fields = z.strictObject({
  /** `mysql://user@host:port/database`, with MySQL's own parameters for TLS after `?`. */
  url: word.optional(),
  host: word.optional(),
  /** The path of a Unix socket, instead of `host`. */
  socket: absolutePath.optional(),
  port: z.int().min(1).max(65535).optional(),
  username: word.optional(),
  password: z.union([z.instanceof(Secret), z.string().transform((text) => new Secret(text))]).optional(),
  database: word.optional(),
  tls: z
    .union([
      tlsMode,
      z.strictObject({
        mode: tlsMode,
        /** Whom to trust, in PEM. */
        caFile: absolutePath.optional(),
        certificateFile: absolutePath.optional(),
        keyFile: absolutePath.optional(),
      }),
    ])
    .optional(),
  databaseToolsDirectory: absolutePath.optional(),
  /** More options for the dump program: words, or one line as a shell would split it. */
  dumperOptions: z.union([z.string(), z.array(z.string())]).default([]),
  /** Keeps writers out while the dump runs, so that tables of every engine are of one moment. */
  lockTables: z.boolean().default(false),
  /** Dumps what the role may read, and leaves out the rest. */
  acceptIncomplete: z.boolean().default(false),
});

export type MysqlFields = z.output<typeof fields>;

/** Options of a database of the type `mysql`. */
export const mysqlOptions = fields.superRefine((options, context) => {
  for (const { field, message } of mistakesIn(options)) {
    context.addIssue({ code: "custom", path: [field], message });
  }
});

/** What `dumperOptions` mean to the dump program. */
export function judgeDumperOptions(options: MysqlFields["dumperOptions"]): JudgedOptions {
  const words = typeof options === "string" ? splitWords(options) : options;
  return judgeOptions("mysqldump", DUMP_OPTIONS, words);
}

interface Mistake {
  field: string;
  message: string;
}

function* mistakesIn(options: MysqlFields): Generator<Mistake> {
  if (options.url === undefined) {
    if (options.database === undefined)
      yield { field: "database", message: "expected a url, or the name of a database" };
    if (options.host !== undefined && options.socket !== undefined)
      yield { field: "socket", message: "cannot be combined with host; keep one of them" };
  } else {
    for (const field of IN_URL) {
      if (options[field] !== undefined)
        yield { field, message: "cannot be combined with url, which says it already" };
    }
    yield* mistakesOf("url", () => parseUrl(options.url ?? ""));
  }
  yield* mistakesOf("dumperOptions", () => judgeDumperOptions(options.dumperOptions));
}

function* mistakesOf(field: string, read: () => unknown): Generator<Mistake> {
  try {
    read();
  } catch (error) {
    yield { field, message: reasonOf(error) };
  }
}
