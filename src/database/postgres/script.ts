import { concat, utf8, type Bytes, type ByteStream, type ByteTransform } from "../../base/bytes.ts";
import { DbackedError } from "../../base/error.ts";

/**
 * How much of the end of pg_restore's script is kept back until the whole dump was read and found good. COMMIT is
 * among it, and at most the closing comment and `\unrestrict` come after.
 */
const KEPT_BACK = 4096;

/** Bytes in which pg_restore says how the script is to be read. */
const BEGINNING = 4096;

/** Puts statements before a script. */
export function precede(statements: readonly string[]): ByteTransform {
  return new TransformStream<Bytes, Bytes>({
    start(controller) {
      if (statements.length > 0) controller.enqueue(utf8(`${statements.join("\n")}\n`));
    },
  });
}

/** Leaves out one line near the beginning of a script. */
export function omitLine(script: ByteStream, line: string): ByteStream {
  let beginning: Bytes | null = new Uint8Array(0);
  const omit = (bytes: Bytes) => {
    // Latin-1 gives back every byte as it was.
    const text = Buffer.from(bytes).toString("latin1").replace(`\n${line}\n`, "\n");
    return new Uint8Array(Buffer.from(text, "latin1"));
  };
  return script.pipeThrough(
    new TransformStream<Bytes, Bytes>({
      transform(piece, controller) {
        if (beginning === null) return controller.enqueue(piece);
        beginning = concat(beginning, piece);
        if (beginning.length < BEGINNING) return;
        controller.enqueue(omit(beginning));
        beginning = null;
      },
      flush(controller) {
        if (beginning !== null) controller.enqueue(omit(beginning));
      },
    }),
  );
}

/** Lets the end of a script, with its COMMIT, pass only when all of it has come. */
export function keepBackEnd(script: ByteStream): ByteStream {
  let kept: Bytes = new Uint8Array(0);
  return script.pipeThrough(
    new TransformStream<Bytes, Bytes>({
      transform(piece, controller) {
        const all = kept.length === 0 ? piece : concat(kept, piece);
        kept = all.slice(-KEPT_BACK);
        if (all.length > KEPT_BACK) controller.enqueue(all.subarray(0, -KEPT_BACK));
      },
      flush(controller) {
        if (!/^COMMIT;$/m.test(new TextDecoder().decode(kept)))
          throw new DbackedError("tool", "pg_restore did not end its script with COMMIT");
        controller.enqueue(kept);
      },
    }),
  );
}
