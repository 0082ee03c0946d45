import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder } from "../../scripts/services/service.ts";
import { type Failure, forgetFailures, recallFailures, rememberFailure } from "../../src/host/failures.ts";
import { stateFolder, stateFolders } from "../../src/host/state.ts";

const root = await temporaryFolder("failures");
afterAll(async () => root[Symbol.asyncDispose]());

const failure: Failure = {
  at: "2026-11-23T12:00:00.000Z",
  store: null,
  kind: "store",
  message: "m".repeat(3000),
  hint: null,
};

test("rememberFailure() counts all and keeps the last twenty, none of them longer than need be", async () => {
  const folder = join(root.path, "state");
  const name = `prod.${"%C3%A9".repeat(100)}`;
  for (let at = 0; at < 25; at += 1) await rememberFailure(folder, name, { ...failure, kind: String(at) });
  const known = await recallFailures(folder, name);
  expect(known?.count).toBe(25);
  expect(known?.failures.map(({ kind }) => kind)).toEqual(
    Array.from({ length: 20 }, (_, at) => String(at + 5)),
  );
  expect(known?.failures[0]?.message).toHaveLength(2000);
  expect(await recallFailures(folder, "prod")).toBeNull();
  await forgetFailures(folder, name);
  expect(await recallFailures(folder, name)).toBeNull();
});

test("stateFolder() is what systemd gives, or what was chosen", () => {
  expect(stateFolder({ STATE_DIRECTORY: "/var/lib/a:/var/lib/b", XDG_STATE_HOME: "/x" })).toBe("/var/lib/a");
  expect(stateFolders({ XDG_STATE_HOME: "/x" })).toEqual(["/x/dbacked"]);
  expect(stateFolders({ XDG_STATE_HOME: "relative" })).toContain("/var/lib/dbacked");
});
