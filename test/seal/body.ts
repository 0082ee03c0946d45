import { expect } from "bun:test";
import { type Bytes, concat } from "../../src/base/bytes.ts";
import { parseHeader } from "../../src/seal/header.ts";
import { readIdentity } from "../../src/seal/key.ts";
import { openSource, openStream } from "../../src/seal/open.ts";
import { Refusal } from "../../src/seal/refusal.ts";
import { trustAnyway, unlock, type Unlocked } from "../../src/seal/unlock.ts";
import type { Forged } from "./forge.ts";
import type { Outcome } from "./outcome.ts";
import { NEVER, pieces, sourceOf } from "./sample.ts";
import { keyOf, SEGMENT } from "./specimen.ts";

/** An envelope whose header was read and unlocked, to try many bodies behind it: the private key takes the most time. */
export interface Subject {
  header: Bytes;
  body: Bytes;
  payload: Buffer;
  unlocked: Unlocked;
}

const alice = await readIdentity(keyOf("alice"));

export async function unlockForged(forged: Forged, payload: Buffer): Promise<Subject> {
  const header = new Uint8Array(forged.header);
  const unlocked = await unlock(trustAnyway(await parseHeader(header)), [alice], NEVER);
  return { header, body: new Uint8Array(forged.bytes.subarray(header.length)), payload, unlocked };
}

/** What comes of `body` behind the header of `subject`. */
export async function tryBody(subject: Subject, body: Bytes, way: "stream" | "two passes"): Promise<Outcome> {
  const released: Bytes[] = [];
  try {
    const source = sourceOf(concat(subject.header, body));
    const opened =
      way === "stream"
        ? openStream(pieces(body, 65_536), subject.unlocked, NEVER)
        : await openSource(source, subject.unlocked, { twoPass: true }, NEVER);
    for await (const piece of opened.bytes) released.push(piece);
    return { released: concat(...released), code: null, ending: await opened.ended };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { released: concat(...released), code: error.code, ending: null };
  }
}

/** Fails unless `body` is refused: after whole genuine segments only while streaming, after nothing in two passes. */
export async function expectRefused(subject: Subject, body: Bytes): Promise<void> {
  const { released, code } = await tryBody(subject, body, "stream");
  const isGenuine = subject.payload.subarray(0, released.length).equals(released);
  const isWhole = released.length % SEGMENT === 0 || released.length === subject.payload.length;
  expect({ code, isGenuine, isWhole }).toEqual({ code: expect.any(String), isGenuine: true, isWhole: true });
  const early = await tryBody(subject, body, "two passes");
  expect([early.code, early.released.length]).toEqual([expect.any(String), 0]);
}

/** Does `work` for 0 to `count` - 1, a few at a time. */
export async function forEachUpTo(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}
