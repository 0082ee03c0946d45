import { rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readIfThere, replaceFile } from "./small-file.ts";
import { makeFolder } from "./state.ts";

const failureSchema = z.object({
  at: z.iso.datetime(),
  /** Where only the copy for one store failed, that one. */
  store: z.string().nullable(),
  kind: z.string(),
  message: z.string(),
  hint: z.string().nullable(),
});

const historySchema = z.object({ count: z.int().positive(), failures: z.array(failureSchema) });

/** A backup that failed, as it was logged. */
export type Failure = z.infer<typeof failureSchema>;

/** What has failed since the last good backup: how often, and the last times, the newest at the end. */
export type FailureHistory = z.infer<typeof historySchema>;

/** How many of a database are remembered. */
const KEPT = 20;

/** Characters of a message that are remembered. */
const LONGEST = 2000;

/** Remembers that the backup of a database failed. */
export async function rememberFailure(folder: string, database: string, failure: Failure): Promise<void> {
  await makeFolder(join(folder, "failures"));
  const known = await recallFailures(folder, database);
  const message = failure.message.slice(0, LONGEST);
  const hint = failure.hint?.slice(0, LONGEST) ?? null;
  const failures = [...(known?.failures ?? []), { ...failure, message, hint }].slice(-KEPT);
  const history = { count: (known?.count ?? 0) + 1, failures };
  await replaceFile(pathOf(folder, database), `${JSON.stringify(history)}\n`);
}

/** Forgets what failed before a good backup. */
export async function forgetFailures(folder: string, database: string): Promise<void> {
  await rm(pathOf(folder, database), { force: true });
}

/** What is remembered of a database; null if that is nothing. */
export async function recallFailures(folder: string, database: string): Promise<FailureHistory | null> {
  try {
    const parsed = historySchema.safeParse(
      JSON.parse((await readIfThere(pathOf(folder, database))) ?? "null"),
    );
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The name of a set may be as long as a path allows, and the name of a file may not. */
function pathOf(folder: string, database: string): string {
  const digest = new Bun.CryptoHasher("sha256").update(database).digest("hex").slice(0, 32);
  return join(folder, "failures", `${digest}.json`);
}
