import { expect, test } from "bun:test";

import { DbackedError } from "../../src/base/error.ts";
import { bad, doubtful, good } from "../../src/doctor/check.ts";
import { summarize } from "../../src/doctor/members.ts";
import { told } from "./patient.ts";

test("summarize() says once what each saw of the server itself, and blames none for it", () => {
  const plain = doubtful("database prod", "the connection to db is not encrypted", "set tls");
  const one = (set: string) => ({ set, checks: [plain, good(`database ${set}`, "it answers")] });
  expect(told(summarize("prod", [one("prod.a"), one("prod.b")]))).toEqual([
    "! database prod: the connection to db is not encrypted",
    "✓ database prod: all is well with prod.a, prod.b",
  ]);
});

test("summarize() says once what is so with several databases, and of each what is so with it alone", () => {
  const missing = (set: string) =>
    doubtful(`database ${set}`, "there is no backup", `dbacked run --once ${set}`);
  const checks = summarize("prod", [
    { set: "prod.a", checks: [good("database prod.a", "it answers")] },
    { set: "prod.b", checks: [good("database prod.b", "it answers"), missing("prod.b")] },
    {
      set: "prod.c",
      checks: [missing("prod.c"), bad("database prod.c", new DbackedError("database", "it is gone"))],
    },
    { set: "prod.d", checks: [] },
  ]);
  expect(told(checks)).toEqual([
    "✓ database prod: all is well with prod.a, prod.d",
    "! database prod: prod.b, prod.c: there is no backup",
    "✗ database prod.c: it is gone",
  ]);
  expect(checks[1]?.hint).toBe("dbacked run --once prod");
  expect(checks[2]?.kind).toBe("database");
});
