import { concat, utf8, type Bytes, type ByteTransform } from "../../base/bytes.ts";

/**
 * The first line of dumps by newer MariaDB programs. Older clients and MySQL's fail at it. What it does, forbidding the
 * client's own commands, `--binary-mode` does too.
 */
const SANDBOX = utf8("/*M!999999\\- enable the sandbox mode */");

const NEWLINE = 0x0a;

/** Leaves out the line, if the script begins with it. */
export function omitSandboxLine(): ByteTransform {
  let head: Bytes | null = new Uint8Array(0);
  return new TransformStream({
    transform(piece, controller) {
      if (head === null) return controller.enqueue(piece);
      head = concat(head, piece);
      const begun = head.subarray(0, SANDBOX.length);
      if (!isSame(begun, SANDBOX.subarray(0, begun.length))) {
        controller.enqueue(head);
        head = null;
        return;
      }
      const end = head.indexOf(NEWLINE);
      if (end === -1) return;
      if (end + 1 < head.length) controller.enqueue(head.slice(end + 1));
      head = null;
    },
    flush(controller) {
      if (head !== null && head.length > 0) controller.enqueue(head);
    },
  });
}

function isSame(a: Bytes, b: Bytes): boolean {
  return Buffer.compare(a, b) === 0;
}
