// A sample of it all through the program itself: exit code, and what it printed until then.
import { Database as Connection } from "bun:sqlite";
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder, type TemporaryFolder } from "../../scripts/services/service.ts";
import { binary, run } from "../integration/binary.ts";
import { backUp, envelopeIn, sqliteDatabase, type Workspace, workspace } from "../integration/workspace.ts";
import { forEachOf } from "../seal/decryptor.ts";
import { ENVELOPES } from "../seal/specimen.ts";
import { HOST } from "./genuine.ts";
import { flipped } from "./mutant.ts";
import { sampleOf } from "./mutants.ts";
import { Random } from "./random.ts";

setDefaultTimeout(120_000);

const SEED = 3;
const KEY = join(ENVELOPES, "keys", "test-alice.pem");

let folder: TemporaryFolder;
let host: Workspace;
beforeAll(async () => {
  await binary();
  folder = await temporaryFolder("tampering");
  host = await workspace();
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

test("`decrypt` refuses envelopes that were tampered with: from a file nothing comes out, from stdin a beginning", async () => {
  const args = ["decrypt", "--private-key-path", KEY, "--trust-signer", HOST];
  await forEachOf([...sampleOf(SEED, 60).entries()], async ([index, { bytes, of, family, byInsider }]) => {
    const file = join(folder.path, `${index}.dbk`);
    await Bun.write(file, bytes);
    const isPiped = index % 2 === 0 && byInsider !== true;
    const tried = isPiped ? run(args, { stdin: Bun.file(file) }) : run([...args, file]);
    const { exitCode, output, stderr } = await tried;
    expect({ family, stderr, isRefused: [7, 8].includes(exitCode) }).toMatchObject({
      family,
      isRefused: true,
    });
    expect(stderr).not.toContain("this is a bug");
    if (isPiped) expect(of.dump.subarray(0, output.length).equals(output)).toBeTrue();
    // From a file to a pipe there are two passes.
    else expect(output).toHaveLength(0);
  });
});

test("`restore --raw-output` gives out nothing of a stored backup that was tampered with, in one pass a beginning", async () => {
  const path = join(host.folder, "app.db");
  await host.configure({ databases: [sqliteDatabase(path)] });
  using connection = new Connection(path);
  connection.run("CREATE TABLE noise AS SELECT randomblob(3000000) AS data");
  const { id } = await backUp(host);
  const envelope = await envelopeIn(host, "app");
  const genuine = Buffer.from(await Bun.file(envelope).bytes());
  const args = ["restore", id, "--raw-output", "--private-key-path", host.privateKey];
  const { output: dump } = await host.run(args);
  const random = new Random(SEED);
  for (let round = 0; round < 30; round += 1) {
    const at = random.below(genuine.length);
    const changed = random.pick([
      () => flipped(genuine, at * 8),
      () => flipped(genuine, random.below(1300 * 8)),
      () => flipped(genuine, (genuine.length - 1 - random.below(216)) * 8),
      () => genuine.subarray(0, at),
      () => Buffer.concat([genuine.subarray(0, at), genuine.subarray(at + 1), Buffer.alloc(1)]),
    ])();
    await Bun.write(envelope, changed);
    const inOnePass = round % 2 === 0;
    const { exitCode, output, stderr } = await host.run(inOnePass ? [...args, "--single-pass"] : args);
    expect({ stderr, isRefused: [7, 8].includes(exitCode) }).toMatchObject({ isRefused: true });
    expect(stderr).not.toContain("this is a bug");
    expect(Buffer.compare(output, dump.subarray(0, output.length))).toBe(0);
    expect(output.length).toBeLessThan(inOnePass ? dump.length : 1);
  }
});
