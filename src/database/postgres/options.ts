import { isAbsolute } from "node:path";
import { z } from "zod";
import { reasonOf } from "../../base/error.ts";
import { Secret } from "../../base/secret.ts";
import { judgeOptions, type JudgedOptions } from "../dumper-options.ts";
import { splitWords } from "../words.ts";
import { PG_DUMP_OPTIONS } from "./dumper-options.ts";
import { parseUrl } from "./url.ts";

const TLS_MODES = ["disable", "prefer", "require", "verify-ca", "verify-full"] as const;

const absolutePath = z.string().refine(isAbsolute, "expected an absolute path");
const word = z.string().min(1);
const tlsMode = z.enum(TLS_MODES);

/** Fields that a URL holds already. */
const IN_URL = ["host", "socket", "port", "username", "database"] as const;

const fields = z.strictObject({
  /** `postgres://role@host:port/database`, with libpq's parameters after `?`. */
  url: word.optional(),
  host: word.optional(),
  /** The folder of a Unix socket, instead of `host`. */
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
        /** Whom to trust, in PEM; without it what libpq trusts. */
        caFile: absolutePath.optional(),
        certificateFile: absolutePath.optional(),
        keyFile: absolutePath.optional(),
      }),
    ])
    .optional(),
  databaseToolsDirectory: absolutePath.optional(),
  /** More options for pg_dump: words, or one line as a shell would split it. */
  dumperOptions: z.union([z.string(), z.array(z.string())]).default([]),
  /** Dumps what the role may read, and leaves out the rest. */
  acceptIncomplete: z.boolean().default(false),
});

export type PostgresFields = z.output<typeof fields>;

/** Options of a database of the type `postgres`. */
export const postgresOptions = fields.superRefine((options, context) => {
  for (const { field, message } of mistakesIn(options)) {
    context.addIssue({ code: "custom", path: [field], message });
  }
});

/** What `dumperOptions` mean to pg_dump. */
export function judgeDumperOptions(options: PostgresFields["dumperOptions"]): JudgedOptions {
  const words = typeof options === "string" ? splitWords(options) : options;
  return judgeOptions("pg_dump", PG_DUMP_OPTIONS, words);
}

interface Mistake {
  field: string;
  message: string;
}

function* mistakesIn(options: PostgresFields): Generator<Mistake> {
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
