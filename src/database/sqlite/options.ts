import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { reasonOf } from "../../base/error.ts";

const fields = z.strictObject({
  /** `sqlite:///srv/app/app.db` */
  url: z.string().optional(),
  /** The same as a path. */
  path: z.string().refine(isAbsolute, "expected an absolute path").optional(),
  /** Where the snapshot lies while it is read. @default beside the database */
  snapshotDirectory: z.string().refine(isAbsolute, "expected an absolute path").optional(),
  /** A dump of a file is always whole; accepted so that all databases can be told the same. */
  acceptIncomplete: z.boolean().default(false),
});

export type SqliteFields = z.output<typeof fields>;

/** Options of a database of the type `sqlite`. */
export const sqliteOptions = fields.superRefine((options, context) => {
  const { url, path } = options;
  if ((url === undefined) === (path === undefined))
    context.addIssue({ code: "custom", path: ["url"], message: "expected either a url or a path" });
  if (url === undefined) return;
  try {
    pathOf(options);
  } catch (error) {
    context.addIssue({ code: "custom", path: ["url"], message: reasonOf(error) });
  }
});

/** The file that the options name. */
export function pathOf({ url, path = "" }: SqliteFields): string {
  if (url === undefined) return path;
  const parsed = URL.parse(url);
  if (
    parsed?.protocol !== "sqlite:" ||
    parsed.host !== "" ||
    parsed.search !== "" ||
    parsed.pathname.length < 2
  )
    throw new SyntaxError("expected sqlite:///absolute/path");
  return fileURLToPath(`file://${parsed.pathname}`);
}
