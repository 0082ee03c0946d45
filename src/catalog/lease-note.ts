import { z } from "zod";
import { type Bytes, utf8 } from "../base/bytes.ts";
import type { LeaseObject } from "./lease-key.ts";

/** The DSSE payload type of a lease's objects. */
export const LEASE_TYPE = "application/vnd.dbacked.lease+json";

const noteSchema = z.object({
  set: z.string(),
  lease: z.string(),
  sign: z.int().nonnegative(),
  /** Tells one run from another, and nothing else. */
  run: z.uuid(),
  since: z.iso.datetime({ precision: 3 }),
  process: z
    .object({
      host: z.string().regex(/^[0-9a-f]{64}$/),
      pid: z.int().positive(),
      startedAt: z.string().max(32),
    })
    .nullable(),
});

/** Who holds a lease. It is not sealed: nothing in it names a host. */
export type LeaseNote = z.output<typeof noteSchema>;

/** A process, for those on the same host: from there, one can see whether it still runs. */
export type ProcessMark = NonNullable<LeaseNote["process"]>;

/** The bytes that are signed. */
export function encodeLease(note: LeaseNote): Bytes {
  return utf8(JSON.stringify(note));
}

/** Reads what was verified; null unless it is of this very object. */
export function parseLease(payload: Bytes, set: string, object: LeaseObject): LeaseNote | null {
  const parsed = noteSchema.safeParse(parseJson(payload));
  if (!parsed.success) return null;
  const { data } = parsed;
  return data.set === set && data.lease === object.lease && data.sign === object.sign ? data : null;
}

function parseJson(payload: Bytes): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return null;
  }
}
