// A restore that fails after a part of the dump was given out: the restore program is killed before its input ends, so that it
// never takes a part for the whole, and what was in the target is there again wherever the engine has transactions.
import { Database as Connection } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { ENGINES, type EngineName } from "../faults/engine.ts";
import type { Finished } from "../integration/binary.ts";
import { expectFailure } from "../integration/scene.ts";
import {
  backUp,
  envelopeIn,
  sqliteDatabase,
  sqliteUrl,
  type Workspace,
  workspace,
} from "../integration/workspace.ts";
import { flipped } from "./mutant.ts";
import { type Recorded, recordInput } from "./recorder.ts";

setDefaultTimeout(60_000);

/** How the envelope is tampered with, so that it shows only after most of it was given out. */
const HARMS: readonly (readonly [string, (envelope: Buffer) => Buffer])[] = [
  ["whose last segment was changed", (envelope) => flipped(envelope, (envelope.length - 1000) * 8)],
  ["whose end is missing", (envelope) => envelope.subarray(0, -100_000)],
  ["whose trailer was signed by somebody else", (envelope) => flipped(envelope, (envelope.length - 30) * 8)],
];

/** What reads the dump, and what a failure says of a target that is not as it was. */
const RESTORING: Record<EngineName, { programs: readonly string[]; left: RegExp | null }> = {
  PostgreSQL: { programs: ["pg_restore", "psql"], left: null },
  MariaDB: { programs: ["mariadb"], left: /now holds a part of the dump[^]*restore again with --force/ },
  MongoDB: {
    programs: ["mongorestore"],
    left: /What was restored until then is left in [^]*restore again with --force/,
  },
};

/** The genuine envelope, tampered with, as a file. */
async function tamper(host: Workspace, genuine: Buffer, harm: (envelope: Buffer) => Buffer): Promise<string> {
  const file = join(host.folder, "tampered.dbk");
  await Bun.write(file, harm(genuine));
  return file;
}

for (const engine of ENGINES) {
  describe.skipIf(!engine.isHere)(`a restore into ${engine.name} of an envelope`, () => {
    const { programs, left } = RESTORING[engine.name];
    let host: Workspace;
    let genuine: Buffer;
    beforeAll(async () => {
      host = await workspace();
      const source = await engine.make();
      await source.grow();
      await host.configure({ databases: [{ name: "shop", type: engine.type, url: source.url }] });
      await backUp(host);
      genuine = Buffer.from(await Bun.file(await envelopeIn(host, "shop")).bytes());
    });
    afterAll(async () => await host[Symbol.asyncDispose]());

    /** Restores from a file into `url`, and says what the programs saw that read most of the dump. */
    async function restoreInto(
      url: string,
      file: string,
    ): Promise<{ run: Finished; read: readonly Recorded[] }> {
      const path = (name: string) => engine.directory().then((folder) => join(folder, name));
      const others = [engine.dump, ...engine.others].filter((name) => !programs.includes(name));
      await using recorder = await recordInput({
        recorded: await Promise.all(programs.map(path)),
        others: await Promise.all(others.map(path)),
      });
      const { directory: databaseToolsDirectory } = recorder;
      await host.configure({ databases: [{ name: "shop", type: engine.type, url, databaseToolsDirectory }] });
      const where = ["--to-source", "--yes", "--force", "--private-key-path", host.privateKey];
      const stdin = Bun.file(file);
      const run = await host.run(["restore", "--raw-input", "--single-pass", ...where], { stdin });
      return { run, read: (await recorder.runs()).filter(({ bytes }) => bytes > 1_000_000) };
    }

    test.each(HARMS)("%s kills what reads it before its input ends", async (_, harm) => {
      const target = await engine.make();
      await target.grow();
      const old = await target.content();
      const { run, read } = await restoreInto(target.url, await tamper(host, genuine, harm));
      expectFailure(run, { exitCode: 8, says: left ?? /./ });
      expect(read.map(({ program, sawEnd }) => `${program} ${sawEnd}`).toSorted()).toEqual(
        programs.map((name) => `${name} false`),
      );
      if (left === null) expect(await target.content()).toBe(old);
      else expect(await target.content()).not.toBe(old);
    });

    test("that is genuine lets it read to the end", async () => {
      const target = await engine.make();
      const { run, read } = await restoreInto(target.url, await tamper(host, genuine, (same) => same));
      expect(run).toMatchObject({ exitCode: 0 });
      expect(read.map(({ program, sawEnd }) => `${program} ${sawEnd}`).toSorted()).toEqual(
        programs.map((name) => `${name} true`),
      );
    });
  });
}

describe("a restore into SQLite of an envelope", () => {
  test.each(HARMS)("%s leaves the old file as it was", async (_, harm) => {
    await using host = await workspace();
    const path = join(host.folder, "app.db");
    await host.configure({ databases: [sqliteDatabase(path)] });
    using connection = new Connection(path);
    connection.run("CREATE TABLE noise AS SELECT randomblob(4000000) AS data");
    await backUp(host);
    const genuine = Buffer.from(await Bun.file(await envelopeIn(host, "app")).bytes());
    const target = join(host.folder, "target", "old.db");
    await mkdir(join(host.folder, "target"));
    await Bun.write(target, await Bun.file(path).bytes());
    const old = await Bun.file(target).bytes();
    const file = await tamper(host, genuine, harm);
    const args = ["restore", "--raw-input", "--single-pass", "--force", "--to", sqliteUrl(target)];
    const failed = await host.run([...args, "--private-key-path", host.privateKey], {
      stdin: Bun.file(file),
    });
    expectFailure(failed, { exitCode: 8, says: /./ });
    expect(await Bun.file(target).bytes()).toEqual(old);
    expect(await readdir(join(host.folder, "target"))).toEqual(["old.db"]);
  });
});
