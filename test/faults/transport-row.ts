import type { Tuning } from "../../src/store/s3/bucket.ts";
import type { Injection } from "./injection.ts";
import type { Answer, Fault } from "./proxy.ts";
import type { Row } from "./row.ts";

/** A fault on the way to an S3 server. The database is an SQLite file. */
export interface TransportRow extends Row {
  faults: readonly Injection[];
  /** @default SeaweedFS */
  server?: "Ceph RGW";
  /** Options of the store, over the usual. */
  options?: Readonly<Record<string, unknown>>;
  tuning?: Partial<Tuning>;
  /** How long the job may stand still, in ms. */
  stallMs?: number;
  /** What a policy of the bucket denies. */
  denies?: string;
  /** Bytes of the dump. @default three parts */
  bytes?: number;
}

export const reset: Fault = { what: "reset" };
export const swallow: Fault = { what: "swallow" };
export const stall: Fault = { what: "stall" };
export const flip: Fault = { what: "flip" };
export const busy: Fault = { what: "answer", status: 503, code: "SlowDown" };
export const broken: Fault = { what: "answer", status: 500, code: "InternalError" };
export const denied: Fault = { what: "answer", status: 403, code: "AccessDenied" };
export const conflict: Fault = { what: "answer", status: 409, code: "ConditionalRequestConflict" };
export const hiddenError: Fault = { what: "answer", status: 200, code: "InternalError" };
export const garbage: Fault = { what: "answer", status: 200, code: "", body: "<html>Welcome!</html>" };

export const always = { times: Infinity } as const;

/** The server's own answer is changed. */
export function edit(change: (answer: Answer) => void): Fault {
  return { what: "edit", edit: change };
}
