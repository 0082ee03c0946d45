import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cut, entryFor, recipientsOf, signerFrom, type Design } from "./forge.ts";

/** Where the golden files and the published test keys lie. */
export const ENVELOPES = join(import.meta.dir, "..", "testdata", "envelopes");

/** Log2 of the segments' size in tests: small, so that files stay small. */
export const SEGMENT_LOG2 = 12;

/** Plaintext bytes of a whole segment in tests. */
export const SEGMENT = 2 ** SEGMENT_LOG2;

/** A published test key, as PEM: alice, bob and carol are people, signer and mallory are hosts. */
export function keyOf(
  name: "alice" | "bob" | "carol" | "alice.pub" | "bob.pub" | "signer" | "mallory",
): string {
  return readFileSync(join(ENVELOPES, "keys", `test-${name}.pem`), "utf8");
}

/** Bytes that do not repeat, the same on every run: a splice cannot go unseen. */
export function textOf(length: number): Buffer {
  const lines: string[] = [];
  for (let at = 0; at < length; at += 32)
    lines.push(`${String(at).padStart(10, "0")} a line of the dump.\n\n`);
  return Buffer.from(lines.join("").slice(0, length), "latin1");
}

export const METADATA = {
  takenAt: "2026-11-22T02:00:00.000Z",
  set: "shop",
  engine: "postgres",
  dump: "pg-custom",
  compression: "none",
  tool: { name: "pg_dump", version: "15.18" },
  seq: 1,
  prev: null,
} as const;

export const SEALED_METADATA = {
  host: "db.internal",
  database: "shop",
  server: "PostgreSQL 15.18",
  args: ["--format=custom"],
  extensions: [],
} as const;

/** An ordinary envelope for alice, of two and a bit segments, with `changes`; a right one unless they break it. */
export function design(changes: Partial<Design> = {}, payload = textOf(2 * SEGMENT + 100)): Design {
  const fileKey = changes.fileKey ?? randomBytes(32);
  return {
    ...NULLS,
    magic: "DBACKED",
    major: 2,
    suite: 1,
    segmentLog2: SEGMENT_LOG2,
    flags: 0,
    salt: randomBytes(32),
    fileKey,
    signer: signerFrom(keyOf("signer")),
    metadata: Buffer.from(JSON.stringify(METADATA)),
    sealedMetadata: Buffer.from(JSON.stringify(SEALED_METADATA)),
    recipients: recipientsOf([entryFor(keyOf("alice"), fileKey)]),
    headerMessage: "dbacked.v2 header-sig",
    segments: cut(payload, 2 ** (changes.segmentLog2 ?? SEGMENT_LOG2)),
    dump: payload,
    finalMessage: "dbacked.v2 final-sig",
    mangleCore: () => {},
    mangleSegments: (sealed) => sealed,
    mangleSummary: () => {},
    ...changes,
  };
}

const NULLS = {
  coreLength: null,
  publicLength: null,
  sealedLength: null,
  commitment: null,
  headerMac: null,
  headerSignature: null,
  count: null,
  length: null,
  chain: null,
  summary: null,
  finalSignature: null,
} as const;
