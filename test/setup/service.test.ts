import { expect, test } from "bun:test";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../scripts/services/service.ts";
import { UNIT_FILE } from "../../src/host/unit.ts";
import { crontabLine, requireService, serviceFile } from "../../src/setup/service.ts";
import { loadDraft } from "../../src/setup/draft.ts";

const FILE = "/etc/dbacked/config.toml";
const zone = "Europe/Paris";
const elsewhere = "Asia/Tokyo";

async function caller(schedule: string, at: string) {
  const config = await loadDraft(
    FILE,
    {
      database: { name: "app", type: "sqlite", path: "/srv/app/app.db", schedule, zone: at },
      store: { name: "folder", type: "folder", path: "/mnt/backups" },
    },
    [],
  );
  return { program: "/usr/local/bin/dbacked", file: FILE, config, schedule, zone: at, cronZone: zone };
}

test.each([
  ["0 3 * * *", zone, "0 3 * * * ", ""],
  ["0 3 * * *", elsewhere, "*/10 * * * * ", "--if-due "],
  ["6h", zone, "*/10 * * * * ", "--if-due "],
  ["@daily", zone, "*/10 * * * * ", "--if-due "],
])("serviceFile() lets cron call for %s in %s at %s", async (schedule, at, times, option) => {
  const given = await caller(schedule, at);
  const { path, text } = await serviceFile("cron", given);
  const line = `/usr/local/bin/dbacked run --once ${option}--quiet --config ${FILE}`;
  expect(path).toBe("/etc/cron.d/dbacked");
  expect(text).toContain(`\n${times}root ${line}\n`);
  expect(crontabLine(given)).toBe(`${times}${line}`);
});

test("serviceFile() lets a unit write where a backup by this config has to, and no longer to a key that is there", async () => {
  await using folder = await temporaryFolder("service");
  const file = join(folder.path, "config.toml");
  await mkdir(join(folder.path, "real"));
  await Bun.write(join(folder.path, "real", "app.db"), "");
  await symlink("real/app.db", join(folder.path, "app.db"));
  const config = await loadDraft(
    file,
    {
      top: { metricsDirectory: "metrics" },
      database: {
        name: "app",
        type: "sqlite",
        path: join(folder.path, "app.db"),
        snapshotDirectory: "/snap",
      },
      store: { name: "folder", type: "folder", path: "/mnt/backups" },
    },
    [],
  );
  const given = { ...(await caller("0 3 * * *", zone)), file, config };
  const writes = async () =>
    /^ReadWritePaths=(.*)$/m.exec((await serviceFile("systemd", given)).text)?.[1]?.split(" ");
  const usual = ["-/mnt/backups", `-${folder.path}/real`, "-/snap", `-${folder.path}/metrics`];
  expect(await writes()).toEqual([...usual, `-${folder.path}`]);
  await Bun.write(join(folder.path, "signer.pem"), "");
  expect(await writes()).toEqual(usual);
});

test("serviceFile() knows the place of the unit", async () => {
  expect((await serviceFile("systemd", await caller("0 3 * * *", zone))).path).toBe(UNIT_FILE);
});

test("requireService() refuses what only root may set up, before anything is written", async () => {
  expect(requireService("cron", false)).rejects.toThrow(
    "/etc/cron.d/dbacked cannot be written: that takes root",
  );
});
