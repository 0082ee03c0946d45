/**
 * Makes the golden files of the format, once for each version of it: `bun scripts/vectors.ts`. Every file has keys and
 * salts of its own, drawn at random, so a second run would give other files; it refuses to replace any.
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Fault } from "../test/seal/fault.ts";
import { makeFaults } from "../test/seal/faults.ts";
import { sha256, signerFrom } from "../test/seal/forge.ts";
import { makeGoods, type Good } from "../test/seal/goods.ts";
import { ENVELOPES, keyOf } from "../test/seal/specimen.ts";
import type { Vector, VectorIndex } from "../test/seal/vector-index.ts";

/** The refusals that another private key could mend. */
const KEY_CHECKS = new Set(["no-matching-key", "unwrap", "commitment", "header-mac"]);

const INDEX = join(ENVELOPES, "index.json");

if (existsSync(INDEX)) throw new Error(`${INDEX} exists: golden files are made once, and kept`);

const goods = (await makeGoods()).map((good) => writeGood(good));
const faults = makeFaults().map((fault) => writeFault(fault));
const index: VectorIndex = {
  signer: `ed25519:${signerFrom(keyOf("signer")).publicKey.toString("base64")}`,
  vectors: [...goods, ...faults],
};
writeFileSync(INDEX, `${JSON.stringify(index, null, 2)}\n`);

function writeGood({ name, why, keys, compression, dump, files }: Good): Vector {
  files.forEach((bytes, volume) => {
    const ending = volume === 0 ? "" : `.${String(volume).padStart(4, "0")}`;
    writeFileSync(join(ENVELOPES, `${name}.dbk${ending}`), bytes);
  });
  return {
    file: `${name}.dbk`,
    why,
    expect: "ok",
    keys,
    volumes: files.length,
    compression,
    dump: describe(dump),
  };
}

function writeFault({
  name,
  why,
  check,
  early = check,
  key = "alice",
  released = 0,
  payload,
  bytes,
}: Fault): Vector {
  writeFileSync(join(ENVELOPES, `${name}.dbk`), bytes);
  const expect = KEY_CHECKS.has(check) ? "key" : "damaged";
  return {
    file: `${name}.dbk`,
    why,
    expect,
    keys: [key],
    check,
    early,
    released: describe(payload.subarray(0, released)),
  };
}

function describe(bytes: Buffer): { bytes: number; sha256: string } {
  return { bytes: bytes.length, sha256: sha256(bytes).toString("hex") };
}
