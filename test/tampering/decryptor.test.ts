// The same for the stand-alone decryptor, which shares no code with src, and for wrapped keys beside an envelope, which only it reads.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { temporaryFolder, type TemporaryFolder } from "../../scripts/services/service.ts";
import { derive, entryFor, recipientsOf } from "../seal/forge.ts";
import { forEachOf, runDecryptor } from "../seal/decryptor.ts";
import { ENVELOPES, keyOf } from "../seal/specimen.ts";
import { type Genuine, HOST, large, next, tiny } from "./genuine.ts";
import { flipped } from "./mutant.ts";
import { sampleOf } from "./mutants.ts";
import { Random } from "./random.ts";

setDefaultTimeout(120_000);

const SEED = 7;

/** Runs of the decryptor: Python takes 60 ms to start. */
const SAMPLE = 300;

const key = (name: string) => join(ENVELOPES, "keys", `test-${name}.pem`);

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder("tampering");
});
afterAll(async () => await folder[Symbol.asyncDispose]());

test(`dbacked-decrypt.py refuses ${SAMPLE} envelopes that were tampered with, and writes nothing`, async () => {
  const sample = sampleOf(SEED, SAMPLE);
  expect(sample.length).toBeGreaterThanOrEqual(SAMPLE);
  await forEachOf([...sample.entries()], async ([index, { bytes, family }]) => {
    const file = join(folder.path, `${index}.dbk`);
    await Bun.write(file, bytes);
    const out = index % 2 === 0 ? "-" : join(folder.path, `${index}.out`);
    const { exitCode, stderr, stdout, output, hasLeftPart } = await runDecryptor(
      [key("alice"), file, "--signer", HOST],
      out,
    );
    const outcome = { family, refused: [7, 8].includes(exitCode), bytes: stdout.length, output, hasLeftPart };
    expect({ ...outcome, stderr }).toMatchObject({
      family,
      refused: true,
      bytes: 0,
      output: null,
      hasLeftPart: false,
    });
    expect(stderr).not.toContain("Traceback");
  });
});

/** The file key of an envelope, wrapped for carol. */
function sidecarOf({ design, coreHash }: Genuine, macKey = derive(design, "header-mac", coreHash)): Buffer {
  const recipients = recipientsOf([entryFor(keyOf("carol"), design.fileKey)]);
  const label = Buffer.from("dbacked.v2 rewrap\0");
  const mac = createHmac("sha256", macKey).update(label).update(coreHash).update(recipients).digest();
  return Buffer.concat([Buffer.from("DBKEYS\x02", "latin1"), coreHash, recipients, mac]);
}

function* sidecarMutants(random: Random): Generator<Buffer> {
  const genuine = sidecarOf(tiny);
  for (let at = 0; at < genuine.length; at += 11) yield flipped(genuine, at * 8 + random.below(8));
  for (let round = 0; round < 20; round += 1) yield genuine.subarray(0, random.below(genuine.length));
  yield Buffer.concat([genuine, Buffer.alloc(1)]);
  for (const other of [next, large]) {
    yield sidecarOf(other);
    // Under the name of this envelope, its own list of recipients.
    yield Buffer.concat([genuine.subarray(0, 39), sidecarOf(other).subarray(39)]);
  }
  yield sidecarOf({ ...tiny, design: { ...tiny.design, fileKey: random.bytes(32) } });
  yield sidecarOf(tiny, random.bytes(32));
}

test("dbacked-decrypt.py refuses wrapped keys that were tampered with, and writes nothing", async () => {
  const file = join(folder.path, "genuine.dbk");
  await Bun.write(file, tiny.bytes);
  const run = async (name: string, sidecar: Buffer) => {
    const keys = join(folder.path, name);
    await Bun.write(keys, sidecar);
    return await runDecryptor([key("carol"), file, "--signer", HOST, "--keys", keys], "-");
  };
  const opened = await run("genuine.keys", sidecarOf(tiny));
  expect({ ...opened, stdout: opened.stdout.toString() }).toMatchObject({
    exitCode: 0,
    stdout: tiny.dump.toString(),
  });
  const changed = [...sidecarMutants(new Random(SEED))];
  await forEachOf([...changed.entries()], async ([index, sidecar]) => {
    const { exitCode, stdout, stderr } = await run(`${index}.keys`, sidecar);
    expect({ index, isRefused: [7, 8].includes(exitCode), bytes: stdout.length, stderr }).toMatchObject({
      index,
      isRefused: true,
      bytes: 0,
    });
    expect(stderr).not.toContain("Traceback");
  });
});
