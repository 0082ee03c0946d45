import { expect, test } from "bun:test";
import type { StoreConfig } from "../../src/config/config.ts";
import { notHandedOn } from "../../src/setup/handed-on.ts";
import { servicesHere } from "../../src/setup/service.ts";

const store = (type: string) => ({ stores: [{ type } as StoreConfig] });

test.each<[string, Record<string, string | undefined>, readonly string[]]>([
  ["s3", { AWS_PROFILE: "backup", AWS_REGION: "", AWS_PAGER: "less", HOME: "/root" }, ["AWS_PROFILE"]],
  ["folder", { AWS_PROFILE: "backup", PGPASSWORD: "no program of ours sees it" }, []],
  ["folder", { https_proxy: "http://proxy", NO_PROXY: "db" }, ["NO_PROXY", "https_proxy"]],
  ["folder", { DBACKED_SIGNER_KEY: "/k.pem", DBACKED_CONFIG: "/c.toml" }, ["DBACKED_SIGNER_KEY"]],
])("notHandedOn() with a store of the type %s, of %j", (type, environment, expected) => {
  expect(notHandedOn(store(type), environment)).toEqual([...expected]);
});

test("servicesHere() offers cron only where there is one", async () => {
  const shell = Bun.spawnSync(["sh", "-c", "command -v cron crond cronie fcron"], {
    env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
  });
  if (shell.stdout.length === 0) expect(await servicesHere(true)).not.toContain("cron");
  expect(await servicesHere(false)).toEqual([]);
});
