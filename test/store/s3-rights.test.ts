import { expect, test } from "bun:test";

import { judgeRights, judgeUploads, type Rights } from "../../src/store/s3/rights.ts";

const best: Rights = {
  createOnce: "taken",
  overwrite: "denied",
  removal: "denied",
  versions: null,
  lock: null,
};
const until = new Date("2027-01-01T00:00:00Z");

test.each([
  [{}, ["ok", "ok", "ok"]],
  [{ createOnce: "denied" }, ["ok", "ok", "ok"]],
  [{ createOnce: "unknown" }, ["warn", "ok", "ok"]],
  [{ createOnce: "done", overwrite: "done" }, ["warn", "warn", "ok"]],
  [{ overwrite: "done" }, ["ok", "warn", "ok"]],
  [{ removal: "done" }, ["ok", "ok", "warn"]],
  // With versions, what is overwritten or hidden is still there, unless they can be deleted too.
  [{ overwrite: "done", versions: "denied" }, ["ok", "ok", "ok"]],
  [{ overwrite: "done", versions: "denied", removal: "done" }, ["ok", "ok", "warn"]],
  [{ overwrite: "done", versions: "done", removal: "done" }, ["ok", "warn", "warn"]],
  [{ overwrite: "done", versions: "denied", lock: { until } }, ["ok", "ok", "ok"]],
] as const)("judgeRights() judges %p", (rights, states) => {
  expect(judgeRights({ ...best, ...rights }).map(({ state }) => state)).toEqual([...states]);
});

test("judgeRights() says until when a lock keeps an object", () => {
  const [, , removal] = judgeRights({ ...best, versions: "denied", lock: { until } });
  expect(removal?.what).toBe("deleting is denied; it is locked until 2027-01-01T00:00:00.000Z");
});

test.each([
  [true, true, "ok"],
  [true, false, "ok"],
  [false, true, "ok"],
  [false, false, "warn"],
] as const)("judgeUploads() judges that MD5 is checked: %p, SHA-256: %p", (md5, sha256, state) => {
  const answers = { listing: "done", looking: "done", aborting: "done" } as const;
  const checks = judgeUploads({ checks: { md5, sha256 }, ...answers });
  expect(checks.map((check) => check.state)).toEqual(["ok", state, "ok"]);
});

test("judgeUploads() names the rights to clear away what killed runs have left", () => {
  const checks = { md5: true, sha256: true };
  const [, , unfinished] = judgeUploads({ checks, listing: "denied", looking: "done", aborting: "denied" });
  expect(unfinished).toMatchObject({
    state: "warn",
    what: expect.stringContaining("s3:ListBucketMultipartUploads, s3:AbortMultipartUpload denied"),
  });
});
