import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";

import { temporaryFolder } from "../../scripts/services/service.ts";
import type { Check } from "../../src/doctor/check.ts";
import { checkDatabase } from "../../src/doctor/database.ts";
import type { Patient } from "../../src/doctor/patient.ts";
import { sharedPostgres } from "../services.ts";
import { backUp, folderStore, sqliteDatabase, type Workspace, workspace } from "../integration/workspace.ts";
import { patientWith, told } from "./patient.ts";

setDefaultTimeout(60_000);

const never = new AbortController().signal;
const HOUR_MS = 3_600_000;

async function examine(patient: Patient, name: string): Promise<readonly Check[]> {
  const entry = patient.databases.find((database) => database.name === name);
  if (entry === undefined) throw new Error(`no ${name} in the config`);
  return await checkDatabase(patient, entry, never);
}

describe("checkDatabase() on PostgreSQL", () => {
  test("names what a dump would lack, with the GRANT, and what is well of a whole server in one line", async () => {
    const server = await sharedPostgres();
    const name = `doctor_${crypto.randomUUID().slice(0, 8)}`;
    await server.query(`CREATE DATABASE ${name}`);
    await server.query(
      `CREATE ROLE ${name} LOGIN; CREATE TABLE secret (x int); CREATE TABLE open (x int)`,
      name,
    );
    await server.query(`GRANT SELECT ON open TO ${name}`, name);
    await using folder = await temporaryFolder("doctor");
    const url = new URL(server.url(name));
    const asOwner = { type: "postgres", url: url.href };
    url.username = name;
    const asRole = { type: "postgres", url: url.href };
    const patient = await patientWith(folder.path, {
      stores: [folderStore(folder.path)],
      databases: [
        { name: "shop", ...asOwner },
        { name: "poor", ...asRole },
        { name: "content", ...asRole, acceptIncomplete: true },
        { name: "all", type: "postgres", url: server.url("*"), include: [name] },
        { name: "gone", type: "postgres", url: server.url("no_such_database") },
      ],
    });
    expect(told(await examine(patient, "shop"))).toEqual([
      expect.stringMatching(/^✓ database shop: PostgreSQL \d.* answers: /),
      "✓ database shop: a dump with this role is complete",
      expect.stringMatching(/^! database shop: there is no backup of it in /),
    ]);
    const lacking = (await examine(patient, "poor")).find(({ state }) => state === "fail");
    expect(lacking).toMatchObject({
      kind: "incomplete",
      what: expect.stringContaining("secret"),
      hint: expect.stringContaining("GRANT"),
    });
    expect(told(await examine(patient, "content"))).toContainEqual(
      expect.stringMatching(/^! database content: a dump would lack .*which acceptIncomplete allows$/),
    );
    const whole = told(await examine(patient, "all"));
    expect(whole).toEqual([
      "✓ database all: 2 of its databases were asked",
      expect.stringMatching(/^! database all: all\.%globals, all\.doctor_\w+: there is no backup of it in /),
    ]);
    expect(told(await examine(patient, "gone"))).toContainEqual(
      expect.stringMatching(/^✗ database gone: .*no_such_database/),
    );
  });
});

describe("checkDatabase() on backups", () => {
  let host: Workspace;

  beforeAll(async () => {
    host = await workspace();
    for (const name of ["app.db", "other.db"]) {
      using database = new Database(join(host.folder, name));
      database.run("CREATE TABLE customers (name TEXT)");
    }
    await host.configure({ databases: [entryOf("app.db")] });
    await backUp(host);
  });

  afterAll(() => host[Symbol.asyncDispose]());

  function entryOf(file: string): Record<string, unknown> {
    return { ...sqliteDatabase(join(host.folder, file)), schedule: "1h" };
  }

  async function patientAt(file: string, later: number): Promise<Patient> {
    const signer = await host.run(["signer", "show"]);
    const patient = await patientWith(host.folder, {
      stores: [folderStore(host.store)],
      databases: [entryOf(file)],
      identity: { trustedSigners: [signer.stdout.trim()] },
    });
    const now = () => new Date(Date.now() + later);
    return { ...patient, trusted: patient.config.trustedSigners, now };
  }

  test("tells the age of the newest one, and that nobody has opened it", async () => {
    expect(told(await examine(await patientAt("app.db", 0), "app"))).toEqual([
      expect.stringMatching(/^✓ database app: SQLite/),
      "✓ database app: a dump with this role is complete",
      expect.stringMatching(/^✓ database app: the newest backup in .* is .* old/),
      "! database app: it was read back whole, and nobody has shown that it can be opened",
    ]);
  });

  test.each([
    [1.5 * HOUR_MS, "ok"],
    [2.5 * HOUR_MS, "fail"],
    [50 * HOUR_MS, "fail"],
  ] as const)("says after %d ms whether one is late by its schedule", async (later, state) => {
    const checks = await examine(await patientAt("app.db", later), "app");
    expect(checks.find(({ what }) => what.startsWith("the newest backup"))?.state).toBe(state);
  });

  test("says that a run would refuse the set of another database", async () => {
    const checks = await examine(await patientAt("other.db", 0), "app");
    expect(checks).toContainEqual(
      expect.objectContaining({
        state: "fail",
        kind: "config",
        what: expect.stringContaining("holds the backups of another database"),
        hint: expect.stringContaining("--adopt"),
      }),
    );
  });
});
