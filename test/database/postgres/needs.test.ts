import { expect, test } from "bun:test";
import type { TocEntry } from "../../../src/database/postgres/archive.ts";
import { needsOf } from "../../../src/database/postgres/needs.ts";

const entry = (more: Partial<TocEntry>): TocEntry => ({
  id: 1,
  object: "0 0",
  needs: [],
  hasData: false,
  tag: "",
  kind: "TABLE",
  definition: "",
  isCopy: false,
  schema: "public",
  tablespace: "",
  owner: "",
  ...more,
});

test.each([
  [
    "ACL",
    'GRANT SELECT ON TABLE public.a TO reader;\nGRANT ALL ON TABLE public.a TO "the ""boss""" WITH GRANT OPTION;',
    ["reader", 'the "boss"'],
  ],
  ["ACL", 'GRANT SELECT ON TABLE public."x TO nobody" TO PUBLIC;', []],
  [
    "ACL",
    "REVOKE ALL ON FUNCTION public.f(role text) FROM PUBLIC;\nREVOKE ALL ON SCHEMA public FROM größe;",
    ["größe"],
  ],
  [
    "ACL",
    "SET SESSION AUTHORIZATION 'o''neil';\nGRANT SELECT ON TABLE a TO x;\nRESET SESSION AUTHORIZATION;",
    ["o'neil", "x"],
  ],
  [
    "DEFAULT ACL",
    "ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT SELECT ON TABLES TO reader;",
    ["owner", "reader"],
  ],
  [
    "POLICY",
    "CREATE POLICY p ON public.a FOR SELECT TO one, two USING ((id IN ( SELECT x FROM b)));",
    ["one", "two"],
  ],
  ["POLICY", "CREATE POLICY p ON public.a USING (true);", []],
  ["USER MAPPING", "CREATE USER MAPPING FOR me SERVER s OPTIONS (user 'TO you');", ["me"]],
  ["VIEW", "CREATE VIEW v AS SELECT 1 FROM t;", []],
])("needsOf() finds the roles in %s %j", (kind, definition, roles) => {
  expect([...needsOf([entry({ kind, definition })], { noOwner: false }).roles]).toEqual(roles);
});

test("needsOf() leaves out owners when told so, and whatever is about the database itself", () => {
  const entries = [
    entry({ owner: "boss" }),
    entry({ kind: "ACL", owner: "boss", definition: "GRANT SELECT ON TABLE a TO reader;" }),
    entry({ kind: "DATABASE", owner: "creator", tablespace: "fast" }),
    entry({ kind: "ACL", tag: "DATABASE shop", definition: "GRANT CONNECT ON DATABASE shop TO guest;" }),
    entry({ kind: "EXTENSION", tag: "hstore" }),
    entry({ kind: "INDEX", tablespace: "slow" }),
  ];
  const needs = needsOf(entries, { noOwner: false });
  expect([...needs.roles]).toEqual(["reader", "boss"]);
  expect([...needs.ownersOnly]).toEqual(["boss"]);
  expect([...needs.extensions]).toEqual(["hstore"]);
  expect([...needs.tablespaces]).toEqual(["slow"]);
  expect([...needsOf(entries, { noOwner: true }).roles]).toEqual(["reader"]);
});
