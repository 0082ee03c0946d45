import { expect, test } from "bun:test";
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
  const { path, text } = serviceFile("cron", given);
  const line = `/usr/local/bin/dbacked run --once ${option}--quiet --config ${FILE}`;
  expect(path).toBe("/etc/cron.d/dbacked");
  expect(text).toContain(`\n${times}root ${line}\n`);
  expect(crontabLine(given)).toBe(`${times}${line}`);
});

test("serviceFile() lets a unit write where a backup has to", async () => {
  const { path, text } = serviceFile("systemd", await caller("0 3 * * *", zone));
  expect(path).toBe("/etc/systemd/system/dbacked.service");
  expect(text).toContain("ReadWritePaths=-/mnt/backups -/srv/app -/etc/dbacked\n");
});

test("requireService() refuses what only root may set up, before anything is written", async () => {
  expect(requireService("cron", false)).rejects.toThrow(
    "/etc/cron.d/dbacked cannot be written: that takes root",
  );
});
