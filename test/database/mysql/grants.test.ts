import { describe, expect, test } from "bun:test";
import { holds, parseGrants, rightsIn } from "../../../src/database/mysql/grants.ts";

const rights = (lines: readonly string[], database = "shop", hasWildcards = true) =>
  rightsIn(parseGrants(lines), { database, hasWildcards });

describe("parseGrants()", () => {
  test.each([
    [
      "GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*AB'",
      { privileges: ["USAGE"], database: null, object: null },
    ],
    [
      "GRANT USAGE ON *.* TO 'u'@'%' REQUIRE SSL WITH GRANT OPTION",
      { privileges: ["USAGE"], grantee: "'u'@'%'" },
    ],
    [
      "GRANT SELECT, SHOW VIEW ON `a``b`.* TO `u`@`h`",
      { privileges: ["SELECT", "SHOW VIEW"], database: "a`b", object: null },
    ],
    ['GRANT SELECT ON "a"."b c" TO "u"@"h"', { database: "a", object: "b c", grantee: '"u"@"h"' }],
    ["GRANT SELECT (`x ON y`, `z`), INSERT ON `a`.`b` TO `u`@`h`", { privileges: ["INSERT"] }],
    ["GRANT EXECUTE ON PROCEDURE `a`.`p` TO `u`@`h`", { privileges: ["EXECUTE"], object: "p" }],
    ["GRANT EXECUTE ON PACKAGE BODY `a`.`p` TO `u`@`h`", { privileges: ["EXECUTE"], object: "p" }],
    ["GRANT ALL PRIVILEGES ON *.* TO `r`", { privileges: ["ALL PRIVILEGES"], grantee: "`r`" }],
    ["REVOKE SELECT ON `mysql`.* FROM `u`@`h`", { isRevoke: true, database: "mysql" }],
  ])("reads %s", (line, expected) => {
    expect(parseGrants([line])).toMatchObject([expected]);
  });

  test.each([
    "GRANT `role`@`%` TO `u`@`h`",
    "GRANT PROXY ON ''@'' TO 'root'@'localhost' WITH GRANT OPTION",
    "SET DEFAULT ROLE `r` FOR `u`@`h`",
  ])("leaves out %s", (line) => {
    expect(parseGrants([line])).toEqual([]);
  });
});

describe("rightsIn()", () => {
  test.each<[string, string, boolean]>([
    ["`shop`", "shop", true],
    ["`shop`", "shops", false],
    ["`sho%`", "shop", true],
    ["`sh_p`", "shop", true],
    ["`my\\_shop`", "my_shop", true],
    ["`my\\_shop`", "my-shop", false],
    ["`my_shop`", "my-shop", true],
    ["`100\\%`", "100%", true],
    ["`a.c`", "abc", false],
    ["`a\\\\b`", "a\\b", true],
    ["`a\\\\%`", "a\\bc", true],
    ["`a\\=`", "a\\=", false],
  ])("takes the pattern %s for %s: %p", (pattern, database, isThere) => {
    const { database: there } = rights([`GRANT SELECT ON ${pattern}.* TO \`u\`@\`%\``], database);
    expect(holds(there, "SELECT")).toBe(isThere);
  });

  test("takes wildcards for what they are where the server does", () => {
    const lines = ["GRANT SELECT ON `sho%`.* TO `u`@`%`", "GRANT EVENT ON `shop`.* TO `u`@`%`"];
    expect([...rights(lines, "shop", false).database]).toEqual(["EVENT"]);
    expect([...rights(lines, "sho%", false).database]).toEqual(["SELECT"]);
  });

  test("takes the most specific of several patterns only, for each grantee", () => {
    const lines = ["GRANT SELECT ON `s%`.* TO `u`@`%`", "GRANT EVENT ON `shop`.* TO `u`@`%`"];
    expect([...rights(lines).database]).toEqual(["EVENT"]);
    expect([...rights([...lines, "GRANT TRIGGER ON `sh%`.* TO `r`"]).database]).toEqual(["EVENT", "TRIGGER"]);
  });

  test("adds what is granted everywhere, and takes away what was revoked here", () => {
    const lines = ["GRANT SELECT, EVENT ON *.* TO `u`@`%`", "REVOKE SELECT ON `shop`.* FROM `u`@`%`"];
    expect([...rights(lines).database]).toEqual(["EVENT"]);
    expect([...rights(lines, "other").database]).toEqual(["SELECT", "EVENT"]);
  });

  test("knows that all rights are each of them", () => {
    const { database } = rights(["GRANT ALL PRIVILEGES ON `shop`.* TO `u`@`%`"]);
    expect(holds(database, "SHOW VIEW")).toBe(true);
  });

  test("tells rights on single tables, and on routines' bodies", () => {
    const lines = ["GRANT SELECT ON `shop`.`orders` TO `u`@`%`", "GRANT SELECT ON `mysql`.`proc` TO `u`@`%`"];
    expect(rights(lines)).toMatchObject({ tables: ["orders"], canReadProc: true });
    expect(rights(["GRANT SELECT ON `mysql`.* TO `u`@`%`"]).canReadProc).toBe(true);
    expect(rights(["GRANT SELECT ON `mysql`.`user` TO `u`@`%`"]).canReadProc).toBe(false);
  });
});
