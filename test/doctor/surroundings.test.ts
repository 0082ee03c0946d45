import { describe, expect, test } from "bun:test";
import { mkdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";

import { temporaryFolder } from "../../scripts/services/service.ts";
import type { Transport } from "../../src/database/database.ts";
import { checkAlarm } from "../../src/doctor/alarm.ts";
import { checkConfines } from "../../src/doctor/confines.ts";
import { checkDisk } from "../../src/doctor/disk.ts";
import { checkRunners, findRunners } from "../../src/doctor/runner.ts";
import { checkEndpoint, judgeTransport } from "../../src/doctor/transport.ts";
import { cronText } from "../../src/host/cron.ts";
import { unitText } from "../../src/host/unit.ts";
import { patientWith, told } from "./patient.ts";

const never = new AbortController().signal;

const UNIT = {
  config: "/etc/dbacked/config.toml",
  environmentFile: null,
  user: "root",
  name: null,
  writes: [],
};

async function hostWith(root: string, files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await Bun.write(join(root, path), text);
  }
}

describe("findRunners()", () => {
  test("sees our own entry of cron, and none that is commented out", async () => {
    await using folder = await temporaryFolder("doctor");
    const root = folder.path;
    expect(await findRunners([], null, root)).toEqual({ found: [], units: [], follows: false });
    const entry = { program: "/usr/local/bin/dbacked", config: "/etc/dbacked/config.toml", user: "root" };
    const text = cronText({ ...entry, at: "0 3 * * *", ifDue: false });
    await hostWith(root, {
      "etc/cron.d/dbacked": text,
      "etc/cron.d/dbacked.bak": text,
      "etc/cron.d/dbacked~": text,
      "etc/crontab": "# 0 3 * * * root dbacked run --once\n",
    });
    expect(await findRunners([], null, root)).toEqual({
      found: ["cron (/etc/cron.d/dbacked)"],
      units: [],
      follows: false,
    });
  });

  test("passes over an entry of cron that runs another config", async () => {
    await using folder = await temporaryFolder("doctor");
    const root = folder.path;
    const config = "/etc/dbacked/config.toml";
    const entry = { program: "/usr/local/bin/dbacked", user: "root", at: "0 3 * * *", ifDue: false };
    await hostWith(root, { "etc/cron.d/dbacked": cronText({ ...entry, config }) });
    expect((await findRunners([], config, root)).found).toEqual(["cron (/etc/cron.d/dbacked)"]);
    expect((await findRunners([], "/srv/other.toml", root)).found).toEqual([]);
  });

  test("sees our own unit if it is enabled", async () => {
    await using folder = await temporaryFolder("doctor");
    const root = folder.path;
    const unit = "etc/systemd/system/dbacked.service";
    await hostWith(root, { [unit]: unitText({ ...UNIT, program: "/usr/local/bin/dbacked" }) });
    expect((await findRunners([], null, root)).found).toEqual([]);
    const wants = join(root, "etc/systemd/system/multi-user.target.wants");
    await mkdir(wants);
    await symlink("../dbacked.service", join(wants, "dbacked.service"));
    expect(await findRunners([], null, root)).toEqual({
      found: [`systemd (/${unit})`],
      units: [`/${unit}`],
      follows: true,
    });
  });
});

test("findRunners() counts the agents that follow this config", async () => {
  const agent = { pid: 77, process: null, since: "2026-11-22T02:00:00.000Z", version: "1.2.3", log: null };
  const agents = [
    { ...agent, name: "default", config: "/etc/dbacked/config.toml" },
    { ...agent, name: "other", config: "/srv/other.toml" },
  ];
  expect(await findRunners(agents, "/etc/dbacked/config.toml", "/nowhere")).toEqual({
    found: ['the agent "default" (process 77, since 2026-11-22T02:00:00.000Z)'],
    units: [],
    follows: true,
  });
});

test("checkRunners() complains if nothing runs dbacked, or nothing is due there", async () => {
  await using folder = await temporaryFolder("doctor");
  const { databases } = await patientWith(folder.path, {
    databases: [
      { name: "app", type: "sqlite", path: "/app.db", schedule: "6h" },
      { name: "crm", type: "sqlite", path: "/crm.db" },
    ],
    stores: [{ name: "nas", type: "folder", path: folder.path }],
  });
  const nobody = told(checkRunners({ found: [], follows: false }, databases));
  expect(nobody).toEqual([
    "! schedule: nothing was found on this host that runs dbacked by itself",
    expect.stringMatching(/^! schedule: crm has no schedule/),
  ]);
  const byCron = checkRunners({ found: ["cron (/etc/crontab)"], follows: false }, databases);
  expect(told(byCron)).toEqual(["✓ schedule: dbacked is run by cron (/etc/crontab)"]);
});

describe("checkConfines()", () => {
  const unit = "etc/systemd/system/dbacked.service";
  const sections = (path: string) => ({
    metricsDirectory: join(path, "metrics"),
    stores: [{ name: "nas", type: "folder", path: join(path, "store") }],
    databases: [
      {
        name: "app",
        type: "sqlite",
        path: join(path, "app.db"),
        snapshotDirectory: join(path, "snap shots"),
      },
    ],
  });

  test("tells what the unit does not let a backup write to, until somebody does", async () => {
    await using folder = await temporaryFolder("doctor");
    const { path: root } = folder;
    const { config } = await patientWith(root, sections(root));
    const file = join(root, "config.toml");
    const written = { ...UNIT, config: file, program: "/usr/local/bin/dbacked" };
    const store = join(root, "store");
    await hostWith(root, {
      "signer.pem": "",
      [unit]: unitText({ ...written, writes: [root] }),
    });
    expect(await checkConfines(config, [`/${unit}`], root)).toEqual([]);
    await hostWith(root, { [unit]: unitText({ ...written, writes: [store] }) });
    const [check, ...others] = await checkConfines(config, [`/${unit}`], root);
    expect(others).toEqual([]);
    expect(check).toMatchObject({
      state: "warn",
      what: `/${unit} lets its service only read ${root} and ${root}/snap shots and ${root}/metrics, where a backup has to write`,
      hint: expect.stringContaining(`ReadWritePaths=${root} "${root}/snap shots" ${root}/metrics`),
    });
    await hostWith(root, { [`${unit}.d/override.conf`]: `[Service]\nReadWritePaths=${root}\n` });
    expect(await checkConfines(config, [`/${unit}`], root)).toEqual([]);
  });

  test("says nothing of a unit that is for another config, or closes nothing", async () => {
    await using folder = await temporaryFolder("doctor");
    const { path: root } = folder;
    const { config } = await patientWith(root, sections(root));
    await hostWith(root, { [unit]: unitText({ ...UNIT, program: "/usr/local/bin/dbacked" }) });
    expect(await checkConfines(config, [`/${unit}`], root)).toEqual([]);
    await hostWith(root, { [unit]: "[Service]\nExecStart=/usr/local/bin/dbacked daemon\n" });
    expect(await checkConfines(config, [`/${unit}`], root)).toEqual([]);
  });
});

test("checkDisk() tells what would be lost together, and what there is room for", async () => {
  await using folder = await temporaryFolder("doctor");
  const { path } = folder;
  await Bun.write(join(path, "app.db"), "x".repeat(1000));
  const { databases, stores } = await patientWith(path, {
    stores: [{ name: "nas", type: "folder", path }],
    databases: [{ name: "app", type: "sqlite", path: join(path, "app.db") }],
  });
  const lines = told(await checkDisk(databases, stores));
  expect(lines).toEqual([
    expect.stringMatching(/^✓ disk: a snapshot of app needs 0\.98 KiB in /),
    expect.stringMatching(/^! disk: app and its backups lie on the same disk/),
  ]);
});

describe("checkAlarm()", () => {
  test("sends a ping that changes nothing, and tells whether it arrived", async () => {
    const paths: string[] = [];
    using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch(request) {
        const { pathname } = new URL(request.url);
        paths.push(pathname);
        return new Response("OK", { status: pathname.startsWith("/good") ? 200 : 404 });
      },
    });
    await using folder = await temporaryFolder("doctor");
    const to = (name: string) => ({ pingUrl: `http://127.0.0.1:${server.port}/${name}` });
    const { databases } = await patientWith(folder.path, {
      stores: [{ name: "nas", type: "folder", path: folder.path }],
      databases: [
        { name: "app", type: "sqlite", path: "/app.db", ...to("good") },
        { name: "crm", type: "sqlite", path: "/crm.db", ...to("bad") },
        { name: "erp", type: "sqlite", path: "/erp.db" },
      ],
    });
    const lines = told(await checkAlarm(databases, never));
    expect(lines).toEqual([
      expect.stringMatching(/^✓ alarm: 127\.0\.0\.1:\d+ is told of each backup of app/),
      expect.stringMatching(/^✗ alarm: pings about crm do not arrive: 127\.0\.0\.1:\d+ answered 404/),
      "! alarm: nobody is told when a backup of erp fails or is missing",
    ]);
    expect(paths.toSorted()).toEqual(["/bad/log", "/good/log"]);
  });
});

test.each<[Transport | undefined, RegExp | null]>([
  [undefined, null],
  [{ hosts: ["localhost", "127.0.0.2", "::1", "[::1]"], isEncrypted: false, isVerified: false }, null],
  [{ hosts: ["db.example.com"], isEncrypted: true, isVerified: true }, null],
  [
    { hosts: ["db.example.com"], isEncrypted: false, isVerified: false },
    /to db\.example\.com is not encrypted/,
  ],
  [{ hosts: ["db.example.com"], isEncrypted: true, isVerified: false }, /is encrypted, and nobody verifies/],
  [{ hosts: ["localhost", "b", "c"], isEncrypted: false, isVerified: false }, /to b and c is not/],
])("judgeTransport() judges %p", (transport, expected) => {
  const [what] = judgeTransport(transport) ?? [null];
  expect(what === null ? expected : expected?.test(what)).toBe(what === null ? null : true);
});

test.each([
  [{ endpoint: "http://s3.example.com:9000" }, true],
  [{ endpoint: "https://s3.example.com" }, false],
  [{ endpoint: "http://127.0.0.1:9000" }, false],
  [{ bucket: "b" }, false],
])("checkEndpoint() judges %p", (options, isOpen) => {
  expect(checkEndpoint(options) !== null).toBe(isOpen);
});
