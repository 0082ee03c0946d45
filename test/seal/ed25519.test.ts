import { expect, test } from "bun:test";
import { type Bytes, concat, utf8 } from "../../src/base/bytes.ts";
import { isStrictPoint, verifySignature } from "../../src/seal/ed25519.ts";
import { signer } from "./sample.ts";

const P = 2n ** 255n - 19n;

/** The order of the group that keys come from. */
const L = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;

/** Base point: a signature of s = 1 and R = B verifies under the neutral element, whatever the message. */
const BASE = Uint8Array.fromHex(`58${"66".repeat(31)}`);

const SMALL_ORDER = [
  littleEndian(0n),
  littleEndian(1n),
  littleEndian(P - 1n),
  Uint8Array.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
  Uint8Array.fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
];

const message = utf8("message");

function littleEndian(value: bigint): Bytes {
  return Uint8Array.fromHex(value.toString(16).padStart(64, "0")).toReversed();
}

function withSign(point: Bytes): Bytes {
  const copy = point.slice();
  copy[31] = (copy[31] ?? 0) | 0x80;
  return copy;
}

test("isStrictPoint() takes the keys of signers and the base point", () => {
  expect(isStrictPoint(signer.publicKey)).toBeTrue();
  expect(isStrictPoint(BASE)).toBeTrue();
  expect(isStrictPoint(withSign(BASE))).toBeTrue();
});

test("isStrictPoint() refuses every point of small order, with either sign", () => {
  for (const point of SMALL_ORDER) {
    expect(isStrictPoint(point)).toBeFalse();
    expect(isStrictPoint(withSign(point))).toBeFalse();
  }
});

test("isStrictPoint() refuses coordinates from p on, and takes the last one below that is of large order", () => {
  for (let y = P; y < 2n ** 255n; y += 1n) {
    expect(isStrictPoint(littleEndian(y))).toBeFalse();
    expect(isStrictPoint(withSign(littleEndian(y)))).toBeFalse();
  }
  expect(isStrictPoint(littleEndian(P - 2n))).toBeTrue();
});

test.each([0, 31, 33])("isStrictPoint() refuses %d bytes", (length) => {
  expect(isStrictPoint(new Uint8Array(length).fill(9))).toBeFalse();
});

test("verifySignature() refuses what the platform takes under keys of small order", async () => {
  const neutral = littleEndian(1n);
  const forged = concat(BASE, littleEndian(1n));
  const lax = await crypto.subtle.importKey("raw", neutral, "Ed25519", false, ["verify"]);
  expect(await crypto.subtle.verify("Ed25519", lax, forged, message)).toBeTrue();
  expect(await verifySignature(neutral, message, forged)).toBeFalse();
  expect(await verifySignature(new Uint8Array(32), message, new Uint8Array(64))).toBeFalse();
});

test("verifySignature() is false for another message, key, or any changed bit", async () => {
  const signature = await signer.sign(message);
  expect(await verifySignature(signer.publicKey, message, signature)).toBeTrue();
  expect(await verifySignature(signer.publicKey, utf8("massage"), signature)).toBeFalse();
  expect(await verifySignature(BASE, message, signature)).toBeFalse();
  for (let bit = 0; bit < 512; bit += 1) {
    const changed = signature.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(await verifySignature(signer.publicKey, message, changed)).toBeFalse();
  }
});

test("verifySignature() refuses a second form of the same signature", async () => {
  const signature = await signer.sign(message);
  const s = BigInt(`0x${signature.slice(32).toReversed().toHex()}`);
  const malleable = concat(signature.subarray(0, 32), littleEndian(s + L));
  expect(await verifySignature(signer.publicKey, message, malleable)).toBeFalse();
});

test.each([0, 63, 65])("verifySignature() refuses a signature of %d bytes", async (length) => {
  const signature = concat(await signer.sign(message), new Uint8Array(1)).slice(0, length);
  expect(await verifySignature(signer.publicKey, message, signature)).toBeFalse();
});

test("verifySignature() refuses a key that is no point of the curve", async () => {
  const off = littleEndian(2n);
  expect(isStrictPoint(off)).toBeTrue();
  expect(await verifySignature(off, message, await signer.sign(message))).toBeFalse();
});
