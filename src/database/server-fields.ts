import { isAbsolute } from "node:path";
import { z } from "zod";
import { reasonOf } from "../base/error.ts";
import { Secret } from "../base/secret.ts";

export const absolutePath = z.string().refine(isAbsolute, "expected an absolute path");
const word = z.string().min(1);

/** Options of a database of any server. What a URL may say is the driver's own. */
export const serverFields = {
  url: word.optional(),
  host: word.optional(),
  port: z.int().min(1).max(65535).optional(),
  username: word.optional(),
  password: z.union([z.instanceof(Secret), z.string().transform((text) => new Secret(text))]).optional(),
  database: word.optional(),
  databaseToolsDirectory: absolutePath.optional(),
  /** More options for the dump program: words, or one line as a shell would split it. */
  dumperOptions: z.union([z.string(), z.array(z.string())]).default([]),
  /** Dumps what the role may read, and leaves out the rest. */
  acceptIncomplete: z.boolean().default(false),
};

const tlsMode = z.enum(["disable", "prefer", "require", "verify-ca", "verify-full"]);

/** The same for servers that also listen on a socket, and whose programs have five ways to encrypt. */
export const socketServerFields = {
  ...serverFields,
  /** The path of a Unix socket, or of its folder, instead of `host`. */
  socket: absolutePath.optional(),
  tls: z
    .union([
      tlsMode,
      z.strictObject({
        mode: tlsMode,
        /** Whom to trust, in PEM; without it what the programs trust. */
        caFile: absolutePath.optional(),
        certificateFile: absolutePath.optional(),
        keyFile: absolutePath.optional(),
      }),
    ])
    .optional(),
};

/** What is wrong with one of the options. */
export interface Mistake {
  field: string;
  message: string;
}

type Address = Partial<Record<"url" | "host" | "socket" | "database", string | undefined>>;

/** What is wrong with how options lead to a server with a socket: by a URL, or by fields. */
export function* mistakesInAddress(options: Address, parseUrl: (url: string) => unknown): Generator<Mistake> {
  const { url, host, socket, database } = options;
  if (url === undefined) {
    if (database === undefined)
      yield { field: "database", message: "expected a url, or the name of a database" };
    if (host !== undefined && socket !== undefined)
      yield { field: "socket", message: "cannot be combined with host; keep one of them" };
  } else {
    yield* mistakesBesideUrl(options, ["host", "socket", "port", "username", "database"]);
    yield* mistakesOf("url", () => parseUrl(url));
  }
}

/** Complains of fields that stand beside a URL and that it says already. */
export function* mistakesBesideUrl(
  options: Readonly<Record<string, unknown>>,
  fields: readonly string[],
): Generator<Mistake> {
  for (const field of fields)
    if (options[field] !== undefined)
      yield { field, message: "cannot be combined with url, which says it already" };
}

/** The reason why a field cannot be read, if it cannot. */
export function* mistakesOf(field: string, read: () => unknown): Generator<Mistake> {
  try {
    read();
  } catch (error) {
    yield { field, message: reasonOf(error) };
  }
}

/** Lets a schema find those mistakes. */
export function refusing<Options>(
  mistakesIn: (options: Options) => Iterable<Mistake>,
): (options: Options, context: z.RefinementCtx) => void {
  return (options, context) => {
    for (const { field, message } of mistakesIn(options))
      context.addIssue({ code: "custom", path: [field], message });
  };
}
