import { expect, test } from "bun:test";
import { constants, publicEncrypt } from "node:crypto";
import { type Bytes, concat } from "../../src/base/bytes.ts";
import { type Header, parseHeader } from "../../src/seal/header.ts";
import { type Identity, readIdentity, readRecipient, type Recipient } from "../../src/seal/key.ts";
import { encodeStanzas, type Stanza } from "../../src/seal/stanza.ts";
import { isTrusted, trustAnyway, trustHeader, unlock } from "../../src/seal/unlock.ts";
import { codeOf, codeOfThrown } from "./refused.ts";
import {
  identity,
  makePair,
  NEVER,
  pair,
  randomBytes,
  recipient,
  sealAll,
  sealedMetadata,
  signer,
} from "./sample.ts";

const other = makePair();
const otherIdentity = await readIdentity(other.privatePem);
const otherRecipient = await readRecipient(other.publicPem, { label: false });

async function headerFor(recipients: readonly Recipient[]): Promise<Header> {
  return await parseHeader((await sealAll(randomBytes(10), { recipients })).envelope);
}

const header = await headerFor([recipient]);

/** The same envelope with another list of recipients, which its signature does not cover. */
async function withStanzas(header: Header, stanzas: readonly Stanza[]): Promise<Header> {
  const { core, mac, signature } = header.raw;
  return await parseHeader(concat(core, encodeStanzas(stanzas), mac, signature));
}

function first(header: Header): Stanza {
  const [stanza] = header.recipients;
  if (stanza === undefined) throw new Error("a header without recipients");
  return stanza;
}

async function open(header: Header, ...identities: Identity[]): Promise<unknown> {
  return (await unlock(trustAnyway(header), identities, NEVER)).sealedMetadata;
}

/** A header whose only stanza holds `message`, wrapped as its type demands. */
async function withMessage(message: Bytes, type: 1 | 2 = 1): Promise<Header> {
  const recipient = await readRecipient(pair.publicPem, { label: type === 1 });
  const { fingerprint } = recipient;
  return await withStanzas(header, [{ type, fingerprint, body: await recipient.wrap(message) }]);
}

test("unlock() opens an envelope for each of several recipients of mixed types", async () => {
  const header = await headerFor([recipient, otherRecipient]);
  expect(header.recipients.map(({ type }) => type)).toEqual([1, 2]);
  expect(await open(header, identity)).toEqual(sealedMetadata);
  expect(await open(header, otherIdentity)).toEqual(sealedMetadata);
  expect(await open(header, otherIdentity, identity)).toEqual(sealedMetadata);
});

test("unlock() refuses keys that the envelope is not sealed for", async () => {
  expect(await codeOf(open(header, otherIdentity))).toBe("no-matching-key");
  expect(await codeOf(open(header))).toBe("no-matching-key");
});

test("unlock() refuses a wrong key under the right fingerprint", async () => {
  const disguised: Identity = {
    fingerprint: identity.fingerprint,
    unwrap: (type, wrapped, signal) => otherIdentity.unwrap(type, wrapped, signal),
  };
  expect(await codeOf(open(header, disguised))).toBe("unwrap");
  // The other identity of the same fingerprint is tried too.
  expect(await open(header, disguised, identity)).toEqual(sealedMetadata);
});

test.each([0, 31, 33])("unlock() refuses a file key of %d bytes", async (length) => {
  expect(await codeOf(open(await withMessage(randomBytes(length)), identity))).toBe("unwrap");
});

test("unlock() refuses a file key of another envelope", async () => {
  expect(await codeOf(open(await withMessage(randomBytes(32)), identity))).toBe("commitment");
});

test("unlock() refuses a list of recipients that was changed, whoever it was changed for", async () => {
  const both = await headerFor([recipient, otherRecipient]);
  const forged = { ...first(both), body: await recipient.wrap(randomBytes(32)) };
  const header = await withStanzas(both, [forged, ...both.recipients.slice(1)]);
  expect(await codeOf(open(header, identity))).toBe("commitment");
  expect(await codeOf(open(header, otherIdentity))).toBe("header-mac");
});

test("unlock() refuses recipients that were added, dropped or moved", async () => {
  const both = await headerFor([recipient, otherRecipient]);
  const [a, b] = [first(both), ...both.recipients.slice(1)];
  const changed = [[a], [b, a].filter((each) => each !== undefined), [a, a, ...both.recipients.slice(1)]];
  for (const stanzas of changed) {
    expect(await codeOf(open(await withStanzas(both, stanzas), identity))).toBe("header-mac");
  }
});

test("unlock() refuses every changed byte of recipients and of the MAC", async () => {
  const { core, recipients } = header.raw;
  const whole = concat(core, recipients, header.raw.mac, header.raw.signature);
  for (let at = core.length + 2; at < whole.length - 64; at += 1) {
    const changed = whole.slice();
    changed[at] = (changed[at] ?? 0) ^ (1 << (at & 7));
    const parsed = await parseHeader(changed).catch(() => null);
    if (parsed === null) continue;
    expect(["no-matching-key", "unwrap", "header-mac"]).toContain(await codeOf(open(parsed, identity)));
  }
});

test("unlock() keeps the labels of both types apart", async () => {
  const secret = randomBytes(32);
  for (const [type, label] of [
    [1, false],
    [2, true],
  ] as const) {
    const other = await readRecipient(pair.publicPem, { label });
    const { fingerprint } = other;
    const mixed = await withStanzas(header, [{ type, fingerprint, body: await other.wrap(secret) }]);
    expect(await codeOf(open(mixed, identity))).toBe("unwrap");
  }
});

test("unlock() refuses OAEP with SHA-1", async () => {
  const options = { key: pair.publicPem, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" };
  const body = new Uint8Array(publicEncrypt(options, randomBytes(32)));
  const weak = await withStanzas(header, [{ type: 2, fingerprint: recipient.fingerprint, body }]);
  expect(await codeOf(open(weak, identity))).toBe("unwrap");
});

test("unlock() skips types that it does not know, and keeps them under the MAC", async () => {
  const unknown: Recipient = {
    type: 1,
    fingerprint: recipient.fingerprint,
    warnings: [],
    wrap: () => Promise.resolve(randomBytes(48)),
  };
  const strange: Recipient = Object.assign({}, unknown, { type: 0x8001 });
  const header = await headerFor([strange, recipient]);
  expect(header.recipients.map(({ type }) => type)).toEqual([0x8001, 1]);
  expect(await open(header, identity)).toEqual(sealedMetadata);
  expect(await codeOf(open(await withStanzas(header, header.recipients.slice(1)), identity))).toBe(
    "header-mac",
  );
});

test("unlock() tries every entry that matches", async () => {
  const broken: Recipient = { ...recipient, wrap: () => Promise.resolve(randomBytes(256)) };
  expect(await open(await headerFor([broken, recipient]), identity)).toEqual(sealedMetadata);
});

test("unlock() is stopped by its signal, not refused", async () => {
  const reason = new Error("stop");
  const controller = new AbortController();
  const stopping: Identity = {
    fingerprint: identity.fingerprint,
    unwrap: () => {
      controller.abort(reason);
      return Promise.reject(new Error("killed"));
    },
  };
  const error: unknown = await unlock(trustAnyway(header), [stopping], controller.signal).catch(
    (e: unknown) => e,
  );
  expect(error).toBe(reason);
});

test("Unlocked opens nothing after it was disposed of", async () => {
  const unlocked = await unlock(trustAnyway(header), [identity], NEVER);
  unlocked[Symbol.dispose]();
  expect(() => unlocked.keys.payload).toThrow("dropped");
});

const before = new Date("2026-01-01T00:00:00Z");
const after = new Date("2026-01-01T00:00:01Z");
const retired = { key: signer.publicKey, storedBefore: after };

test.each([
  ["no list", [], before, false],
  ["another key", [{ key: randomBytes(32), storedBefore: null }], before, false],
  ["its key", [{ key: signer.publicKey, storedBefore: null }], before, true],
  ["its key, at an unknown time", [{ key: signer.publicKey, storedBefore: null }], null, true],
  ["its retired key, before", [retired], before, true],
  ["its retired key, at that moment", [retired], after, false],
  ["its retired key, at an unknown time", [retired], null, false],
  ["its key retired and in use", [retired, { key: signer.publicKey, storedBefore: null }], after, true],
  ["a part of its key", [{ key: signer.publicKey.slice(0, 31), storedBefore: null }], before, false],
] as const)("isTrusted() judges a signer by %s", (_name, signers, storedAt, verdict) => {
  expect(isTrusted(signer.publicKey, signers, storedAt)).toBe(verdict);
  if (verdict) expect(trustHeader(header, signers, storedAt).id).toBe(header.id);
  else expect(codeOfThrown(() => trustHeader(header, signers, storedAt))).toBe("untrusted-signer");
});
