import { expect, test } from "bun:test";
import { type CronEntry, cronText } from "../../src/host/cron.ts";

const entry: CronEntry = {
  program: "/usr/local/bin/dbacked",
  config: "/etc/dbacked/config.toml",
  user: "root",
  at: "*/10 * * * *",
  ifDue: true,
};

test("cronText() gives the program a PATH and says nothing of success", () => {
  const lines = cronText(entry).split("\n");
  expect(lines[2]).toBe("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  expect(lines.slice(3)).toEqual([
    "*/10 * * * * root /usr/local/bin/dbacked run --once --if-due --quiet --config /etc/dbacked/config.toml",
    "",
  ]);
  expect(cronText({ ...entry, ifDue: false })).toContain(" run --once --quiet ");
});

test("cronText() quotes for the shell", async () => {
  const program = "/opt/it's $HOME";
  const line = cronText({ ...entry, program }).split("\n")[3] ?? "";
  const command = line.replace(/^.* root /, "");
  const shell = Bun.spawn(["sh", "-c", `printf '%s\\n' ${command}`], { stdout: "pipe" });
  expect((await new Response(shell.stdout).text()).split("\n")[0]).toBe(program);
});

test("cronText() refuses what would end the line", () => {
  expect(() => cronText({ ...entry, config: "/etc/100%.toml" })).toThrow(/end of the line/);
  expect(() => cronText({ ...entry, at: "* * * * *\n* * * * *" })).toThrow(/control characters/);
});
