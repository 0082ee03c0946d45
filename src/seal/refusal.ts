import { DbackedError, type ErrorKind } from "../base/error.ts";

/** Every reason why an envelope, a note or a key is refused, and the kind of failure that it is. */
const KIND_OF_CODE = {
  "bad-key": "key",
  passphrase: "key",
  "untrusted-signer": "key",
  "unknown-signer": "key",
  "no-matching-key": "key",
  unwrap: "key",
  commitment: "key",
  "header-mac": "key",
  magic: "damaged",
  legacy: "damaged",
  "legacy-content": "damaged",
  version: "damaged",
  suite: "damaged",
  "segment-size": "damaged",
  flags: "damaged",
  "core-length": "damaged",
  "metadata-length": "damaged",
  metadata: "damaged",
  signer: "damaged",
  recipients: "damaged",
  "header-signature": "damaged",
  "sealed-metadata": "damaged",
  truncated: "damaged",
  "too-long": "damaged",
  trailer: "damaged",
  "final-signature": "damaged",
  summary: "damaged",
  segment: "damaged",
  chain: "damaged",
  changed: "damaged",
  dump: "damaged",
  note: "damaged",
} as const satisfies Record<string, ErrorKind>;

/** Why something was refused: for programs and tests, which must not read messages. */
export type RefusalCode = keyof typeof KIND_OF_CODE;

/** A key, a signature or bytes that are not as they must be. */
export class Refusal extends DbackedError {
  readonly code: RefusalCode;
  /** Index of the segment that is at fault; null if it is none of them, or nobody knows which. */
  readonly segment: number | null;

  constructor(
    code: RefusalCode,
    message: string,
    detail: { hint?: string; cause?: unknown; segment?: number } = {},
  ) {
    super(KIND_OF_CODE[code], message, detail);
    this.code = code;
    this.segment = detail.segment ?? null;
  }
}

/** What there is of an envelope cannot be all of it. */
export function refuseCut(): Refusal {
  return new Refusal("truncated", "The envelope is cut short", {
    hint: "fetch it again, or take another copy of this backup",
  });
}

/** The head of an envelope is not as it must be. */
export function refuseHeader(
  code: RefusalCode,
  why: string,
  hint = "fetch it again, or take another copy of this backup",
): Refusal {
  return new Refusal(code, `This is no envelope that can be opened: ${why}`, { hint });
}
