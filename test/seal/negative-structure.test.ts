import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { streamOf } from "../../src/base/bytes.ts";
import { openSource } from "../../src/seal/open.ts";
import type { Source } from "../../src/seal/source.ts";
import { expectRefused, tryBody, unlockForged } from "./body.ts";
import { SHORT } from "./fault.ts";
import { entryFor, forge, gcmSeal, nonceOf, recipientsOf, summaryOf, type Forged } from "./forge.ts";
import { tryOpen } from "./outcome.ts";
import { codeOf } from "./refused.ts";
import { NEVER } from "./sample.ts";
import { design, keyOf, METADATA, SEGMENT, textOf } from "./specimen.ts";

/** Three whole segments. */
const payload = textOf(3 * SEGMENT);

describe("segments", () => {
  test("every sequence of up to four pieces of it, and of one with the same file key, is refused but the right one", async () => {
    const fileKey = randomBytes(32);
    const mine = forge(design({ fileKey }, payload));
    const other = forge(design({ fileKey }, payload));
    const subject = await unlockForged(mine, payload);
    const stock = [...mine.segments, ...other.segments.slice(0, 2), mine.trailer];
    const accepted: string[] = [];
    for (const order of sequences(stock.length, 4)) {
      const pieces = order.map((index) => stock[index] ?? Buffer.alloc(0));
      const body = new Uint8Array(Buffer.concat([...pieces, mine.trailer]));
      const { code } = await tryBody(subject, body, "stream");
      if (code === null) accepted.push(order.join(" "));
      else await expectRefused(subject, body);
    }
    expect(accepted).toEqual(["0 1 2"]);
  });

  test("a body under the header of another backup with the same file key is refused", async () => {
    const fileKey = randomBytes(32);
    const [mine, other] = [forge(design({ fileKey }, payload)), forge(design({ fileKey }, payload))];
    const subject = await unlockForged(mine, payload);
    await expectRefused(subject, new Uint8Array(Buffer.concat([...other.segments, other.trailer])));
  });
});

/** All sequences of up to `length` numbers below `symbols`. */
function sequences(symbols: number, length: number): number[][] {
  if (length === 0) return [[]];
  const shorter = sequences(symbols, length - 1);
  const longest = shorter.filter((each) => each.length === length - 1);
  const numbers = Array.from({ length: symbols }, (_, number) => number);
  return [...shorter, ...longest.flatMap((each) => numbers.map((number) => each.concat(number)))];
}

describe("a source that changes between the passes", () => {
  const evil = Buffer.from(payload.subarray(SEGMENT, 2 * SEGMENT).map((byte) => byte ^ 1));

  /** `first` until `reads` ranges were read, then `second`. */
  function changing(first: Buffer, second: Buffer, reads: number): Source {
    let read = 0;
    return {
      size: first.length,
      read: (start, end) => {
        read += 1;
        return Promise.resolve(
          streamOf(new Uint8Array((read > reads ? second : first).subarray(start, end))),
        );
      },
    };
  }

  test.each(["segment", "trailer"])("gives out nothing of a changed %s", async (what) => {
    const fileKey = randomBytes(32);
    const chosen = design({ fileKey }, payload);
    const genuine = forge(chosen);
    const other = forge({
      ...chosen,
      ...(what === "trailer" && { summary: summaryOf(payload, 3) }),
      mangleSegments: (sealed, key) =>
        what === "trailer"
          ? sealed
          : sealed.map((each, at) => (at === 1 ? gcmSeal(key, nonceOf(1n, 0), evil) : each)),
    });
    const { unlocked } = await unlockForged(genuine, payload);
    // The trailer and the segments of the first pass; all that follows is another's.
    const source = changing(genuine.bytes, other.bytes, 2);
    const opened = await openSource(source, unlocked, { twoPass: true }, NEVER);
    const released: Buffer[] = [];
    const drain = async () => {
      for await (const piece of opened.bytes) released.push(Buffer.from(piece));
    };
    expect(await codeOf(drain())).toBe("changed");
    const bytes = Buffer.concat(released);
    expect(bytes.equals(payload.subarray(0, bytes.length))).toBe(true);
    expect(bytes.length).toBe(what === "segment" ? SEGMENT : 2 * SEGMENT);
  });
});

describe("recipients", () => {
  const fileKey = randomBytes(32);
  const [forAlice, forBob] = [
    entryFor(keyOf("alice"), fileKey),
    entryFor(keyOf("bob"), fileKey, { type: 2 }),
  ];

  function forgeFor(...entries: (typeof forAlice)[]): Forged {
    return forge(design({ fileKey, recipients: recipientsOf(entries) }, SHORT));
  }

  test("each of several opens it, whatever stands before its own entry", async () => {
    const { bytes } = forgeFor(forBob, forAlice);
    expect((await tryOpen(bytes, "stream", { key: "alice" })).code).toBeNull();
    expect((await tryOpen(bytes, "stream", { key: "bob" })).code).toBeNull();
    expect((await tryOpen(bytes, "stream", { key: "nobody" })).code).toBe("no-matching-key");
  });

  test("an entry that was added, removed or moved is found out by those who can still open it", async () => {
    const { core, bytes } = forgeFor(forAlice, forBob);
    const whole = recipientsOf([forAlice, forBob]);
    const rest = bytes.subarray(core.length + whole.length);
    const lists = [
      [forAlice],
      [forBob, forAlice],
      [forAlice, forBob, forBob],
      [forAlice, { ...forBob, type: 1 }],
    ];
    for (const entries of lists) {
      const changed = Buffer.concat([core, recipientsOf(entries), rest]);
      expect((await tryOpen(changed, "stream")).code).toBe("header-mac");
    }
  });

  test("a count that is not that of the entries is refused", async () => {
    for (const count of [1, 3, 64]) {
      const recipients = recipientsOf([forAlice, forBob], count);
      const { bytes } = forge(design({ fileKey, recipients }, SHORT));
      expect((await tryOpen(bytes, "stream")).code).toBeString();
    }
  });
});

describe("public metadata", () => {
  test.each(Object.keys(METADATA))("is refused without %s, even if a prototype has it", async (key) => {
    const { [key as keyof typeof METADATA]: taken, ...others } = METADATA;
    const hidden = `{"__proto__":${JSON.stringify({ [key]: taken })},${JSON.stringify(others).slice(1)}`;
    for (const text of [JSON.stringify(others), hidden]) {
      const { bytes } = forge(design({ metadata: Buffer.from(text) }, SHORT));
      expect((await tryOpen(bytes, "stream")).code).toBe("metadata");
    }
  });

  test.each(["__proto__", "constructor", "toString"])(
    "may have a key %s, which is like any other",
    async (key) => {
      const text = JSON.stringify(METADATA).replace("{", `{"${key}":{"set":"other"},`);
      const { bytes } = forge(design({ metadata: Buffer.from(text) }, SHORT));
      expect((await tryOpen(bytes, "stream")).code).toBeNull();
    },
  );

  test.each([
    "2026-11-22",
    "2026-02-30T00:00:00.000Z",
    "2026-11-22T02:00:00Z",
    "2026-11-22T03:00:00.000+01:00",
  ])("is refused with the time %s", async (takenAt) => {
    const metadata = Buffer.from(JSON.stringify({ ...METADATA, takenAt }));
    const { bytes } = forge(design({ metadata }, SHORT));
    expect((await tryOpen(bytes, "stream")).code).toBe("metadata");
  });

  test("nested as deeply as it can be is no crash", async () => {
    const nested = `${"[".repeat(8000)}${"]".repeat(8000)}`;
    const text = JSON.stringify(METADATA).replace("{", `{"deep":${nested},`);
    const { bytes } = forge(design({ metadata: Buffer.from(text) }, SHORT));
    expect([null, "metadata"]).toContain((await tryOpen(bytes, "stream")).code);
  });
});
