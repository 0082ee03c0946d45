import { createPublicKey, randomBytes } from "node:crypto";
import { short, SHORT, type Fault } from "./fault.ts";
import { entryFor, fingerprintOf, forge, recipientsOf, type Entry, type Wrap } from "./forge.ts";
import { design, keyOf } from "./specimen.ts";

/** Faults in RECIPIENTS, the wrapped keys, the commitment, HEADER_MAC and the sealed metadata. */
export function keyFaults(): Fault[] {
  return [...countFaults(), ...wrapFaults(), ...replacedFaults(), ...macFaults()].map((fault) =>
    Object.assign({ payload: SHORT }, fault),
  );
}

type Row = Omit<Fault, "payload">;

function countFaults(): Row[] {
  const many = (count: number) => recipientsOf(Array.from({ length: count }, () => dummy(1)));
  return [
    {
      name: "recipients-0",
      check: "recipients",
      why: "no recipients",
      bytes: short({ recipients: many(0) }),
    },
    {
      name: "recipients-65",
      check: "recipients",
      why: "65 recipients",
      bytes: short({ recipients: many(65) }),
    },
    {
      name: "recipients-body-0",
      check: "recipients",
      why: "a recipient without a body",
      bytes: short({ recipients: recipientsOf([dummy(0)]) }),
    },
    {
      name: "recipients-body-8193",
      check: "recipients",
      why: "a body of 8,193 bytes",
      bytes: short({ recipients: recipientsOf([dummy(8193)]) }),
    },
    {
      name: "recipients-unknown-type",
      check: "no-matching-key",
      why: "only an entry of an unknown type has the key's fingerprint",
      bytes: wrapped({ type: 0x8001 }),
    },
    {
      name: "recipients-other-key",
      check: "no-matching-key",
      why: "made for another key",
      key: "bob",
      bytes: wrapped({}),
    },
  ];
}

function dummy(length: number): Entry {
  return { type: 0x8000, fingerprint: Buffer.alloc(32, 1), body: Buffer.alloc(length, 2) };
}

function wrapFaults(): Row[] {
  const alice = fingerprintOf(createPublicKey(keyOf("alice")));
  const rows: [name: string, why: string, bytes: Buffer][] = [
    [
      "wrap-for-another",
      "alice's fingerprint over a file key wrapped for carol",
      wrapped({ fingerprint: alice }, "carol"),
    ],
    ["wrap-31", "what is wrapped has 31 bytes", wrapped({}, "alice", randomBytes(31))],
    ["wrap-33", "what is wrapped has 33 bytes", wrapped({}, "alice", randomBytes(33))],
    ["wrap-0", "nothing is wrapped", wrapped({}, "alice", Buffer.alloc(0))],
    ["wrap-label-missing", "type 1 without its label", wrapped({ type: 1, label: "" })],
    [
      "wrap-label-extra",
      "type 2 with the label of type 1",
      wrapped({ type: 2, label: "dbacked.v2.file-key" }),
    ],
    ["wrap-label-other", "type 1 with another label", wrapped({ type: 1, label: "dbacked.v2.file-kez" })],
    ["wrap-sha1", "OAEP with SHA-1", wrapped({ hash: "sha1" })],
  ];
  return rows.map(([name, why, bytes]) => ({ name, check: "unwrap", why, bytes }));
}

function wrapped(wrap: Wrap, name: "alice" | "carol" = "alice", message?: Buffer): Buffer {
  const fileKey = randomBytes(32);
  return short({ fileKey, recipients: recipientsOf([entryFor(keyOf(name), message ?? fileKey, wrap)]) });
}

/** Bob's entry was replaced after the backup was made, by somebody who has not its file key. */
function replacedFaults(): Row[] {
  const fileKey = randomBytes(32);
  const entries = [entryFor(keyOf("alice"), fileKey), entryFor(keyOf("bob"), fileKey)];
  const genuine = forge(design({ fileKey, recipients: recipientsOf(entries) }, SHORT));
  const replaced = recipientsOf([...entries.slice(0, 1), entryFor(keyOf("bob"), randomBytes(32))]);
  const { core, bytes } = genuine;
  const rest = bytes.subarray(core.length + replaced.length);
  const changed = Buffer.concat([core, replaced, rest]);
  const why = "bob's wrapped key was replaced by another one";
  return [
    { name: "replaced-bob", check: "commitment", why, key: "bob", bytes: changed },
    { name: "replaced-alice", check: "header-mac", why, bytes: changed },
  ];
}

function macFaults(): Row[] {
  return [
    {
      name: "commitment",
      check: "commitment",
      why: "the commitment is of another file key",
      bytes: short({ commitment: randomBytes(32) }),
    },
    {
      name: "header-mac",
      check: "header-mac",
      why: "the header's MAC is random",
      bytes: short({ headerMac: randomBytes(32) }),
    },
    {
      name: "sealed-metadata-tag",
      check: "sealed-metadata",
      why: "the last bit of the sealed metadata is flipped, and the header signed so",
      bytes: short({
        mangleCore: (core) => core.writeUInt8(core.readUInt8(core.length - 1) ^ 1, core.length - 1),
      }),
    },
    {
      name: "sealed-metadata-text",
      check: "sealed-metadata",
      why: "the sealed metadata is no JSON",
      bytes: short({ sealedMetadata: Buffer.from("{]") }),
    },
  ];
}
