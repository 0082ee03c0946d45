import { concat, utf8, type Bytes, type ByteStream, type ByteTransform } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";
import { ProgramFailure } from "../../tool/child.ts";
import { feed, streamFrom } from "../../tool/run.ts";
import { explainFailure } from "./failure.ts";
import { PSQL_ARGUMENTS } from "./psql.ts";
import type { Restoring } from "./restore.ts";
import { programIn } from "./tools.ts";

/**
 * How much of the end of pg_restore's script is kept back until the whole dump was read and found good. COMMIT is
 * among it, and at most the closing comment and `\unrestrict` come after.
 */
const KEPT_BACK = 4096;

/**
 * Restores through a pipe: pg_restore writes the archive as a script, psql runs it. In one transaction, which psql is
 * told to commit only after the stream has ended well: whatever else happens, even our own death, rolls it back.
 */
export async function pipeIntoPsql(
  restoring: Restoring,
  emptying: readonly string[],
  archive: ByteStream,
  signal: AbortSignal,
): Promise<void> {
  const { tools, plan } = restoring;
  const mode = plan.singleTransaction ? "--single-transaction" : "--exit-on-error";
  const argv = [programIn(tools, "pg_restore"), "--format=custom", "--file=-", mode];
  if (plan.noOwner) argv.push("--no-owner");
  const { bytes } = streamFrom({ argv, stdin: archive }, signal);
  const script = plan.singleTransaction
    ? bytes.pipeThrough(keepBack()).pipeThrough(precede(["BEGIN;", ...emptying]))
    : bytes.pipeThrough(precede(emptyingAlone(emptying)));
  await runScript(restoring, script, signal);
}

/** Runs the statements that empty a database, in a transaction of their own. */
export async function runEmptying(
  restoring: Restoring,
  emptying: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const script = new Blob([emptyingAlone(emptying).join("\n")]).stream();
  await runScript(restoring, script, signal);
}

function emptyingAlone(emptying: readonly string[]): readonly string[] {
  return emptying.length === 0 ? [] : ["BEGIN;", ...emptying, "COMMIT;"];
}

async function runScript(
  { tools, connection }: Restoring,
  script: ByteStream,
  signal: AbortSignal,
): Promise<void> {
  const psql = { argv: [programIn(tools, "psql"), ...PSQL_ARGUMENTS], env: connection.environment };
  try {
    await feed(psql, script, signal);
  } catch (error) {
    // A failure of pg_restore is one of the dump, not of the database.
    if (error instanceof ProgramFailure && error.program !== "psql") throw error;
    throw explainFailure(error, `Cannot restore into ${connection.label}`);
  }
}

/** Statements before a script. */
function precede(statements: readonly string[]): ByteTransform {
  return new TransformStream<Bytes, Bytes>({
    start(controller) {
      if (statements.length > 0) controller.enqueue(utf8(`${statements.join("\n")}\n`));
    },
  });
}

/** Lets the end of a script pass only when all of it has come. */
function keepBack(): ByteTransform {
  let kept: Bytes = new Uint8Array(0);
  return new TransformStream<Bytes, Bytes>({
    transform(piece, controller) {
      if (piece.length < KEPT_BACK) {
        kept = concat(kept, piece);
        if (kept.length <= KEPT_BACK) return;
        controller.enqueue(kept.slice(0, -KEPT_BACK));
        kept = kept.slice(-KEPT_BACK);
        return;
      }
      if (kept.length > 0) controller.enqueue(kept);
      controller.enqueue(piece.subarray(0, -KEPT_BACK));
      kept = piece.slice(-KEPT_BACK);
    },
    flush(controller) {
      if (!/^COMMIT;$/m.test(new TextDecoder().decode(kept)))
        throw new DbackedError("tool", "pg_restore did not end its script with COMMIT");
      controller.enqueue(kept);
    },
  });
}
