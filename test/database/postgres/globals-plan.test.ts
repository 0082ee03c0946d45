import { expect, test } from "bun:test";
import { planGlobals, type GlobalsTarget } from "../../../src/database/postgres/globals-plan.ts";
import { splitScript } from "../../../src/database/postgres/globals-script.ts";

const TARGET: GlobalsTarget = {
  versionNumber: 150_018,
  roles: ["admin", "old", "boss", "pg_monitor"],
  tablespaces: ["pg_default", "fast"],
  untouchable: ["admin", "boss"],
};

/** What is run of these statements, and what is told. */
function plan(script: string, { force = false, ...more }: Partial<GlobalsTarget> & { force?: boolean } = {}) {
  const { statements, notices } = planGlobals(splitScript(script), { ...TARGET, ...more }, { force });
  return { run: statements.join("\n"), told: notices.join("\n") };
}

test("planGlobals() makes a new role with all that belongs to it", () => {
  const script = `CREATE ROLE "New";
ALTER ROLE "New" WITH LOGIN PASSWORD 'x';
COMMENT ON ROLE "New" IS 'IN';
SECURITY LABEL FOR "a" ON ROLE "New" IS 'x';
ALTER ROLE "New" SET work_mem TO '5MB';
GRANT pg_monitor TO "New" GRANTED BY boss;
GRANT "New" TO old;
GRANT SET ON PARAMETER my.setting TO "New";`;
  expect(plan(script)).toEqual({ run: script, told: "" });
});

test("planGlobals() leaves roles as they are that the server has", () => {
  const script = `CREATE ROLE old;
ALTER ROLE old WITH SUPERUSER PASSWORD 'x';
ALTER ROLE old SET work_mem TO '5MB';
GRANT pg_monitor TO old;
GRANT SET ON PARAMETER work_mem TO old;`;
  const told = 'roles left as they are, since they were there already: "old"';
  expect(plan(script)).toEqual({ run: "", told });
});

test("planGlobals() changes them with force, but for the role that restores and the server's own", () => {
  const statements = (role: string) => [
    `CREATE ROLE ${role};`,
    `ALTER ROLE ${role} WITH LOGIN;`,
    `GRANT pg_monitor TO ${role};`,
  ];
  const script = ["admin", "boss", "old"].flatMap(statements).join("\n");
  expect(plan(script, { force: true })).toEqual({
    run: statements("old").slice(1).join("\n"),
    told:
      'roles changed, since they were there already: "old"\n' +
      'roles left as they are, since they were there already: "admin", "boss"',
  });
});

test("planGlobals() tells what it cannot do", () => {
  const script = `CREATE TABLESPACE slow OWNER a LOCATION '/x';
GRANT ALL ON TABLESPACE slow TO a;
ALTER ROLE a IN DATABASE shop SET work_mem TO '6MB';
GRANT SET ON PARAMETER work_mem TO PUBLIC;
SOMETHING NEW;`;
  expect(plan(script)).toEqual({ run: "", told: script });
  const fast = "CREATE TABLESPACE fast LOCATION '/x';\nALTER TABLESPACE fast SET (random_page_cost=1.1);";
  expect(plan(fast, { force: true })).toEqual({ run: "", told: 'tablespaces left as they are: "fast"' });
  const parameter = "GRANT SET ON PARAMETER work_mem TO a;";
  expect(plan(parameter, { versionNumber: 140_000 })).toEqual({ run: "", told: parameter });
  const open = "GRANT SET ON PARAMETER work_mem TO PUBLIC;";
  expect(plan(open, { force: true })).toEqual({ run: open, told: "" });
});

test("planGlobals() tells which new roles may log in and have no password", () => {
  const script = "CREATE ROLE a;\nALTER ROLE a WITH LOGIN;\nCREATE ROLE b;\nALTER ROLE b WITH NOLOGIN;";
  expect(plan(script).told).toBe('roles without a password in the backup: "a"');
});

test("planGlobals() names the grantor where the server takes him", () => {
  const script = `CREATE ROLE a;
CREATE ROLE g;
GRANT g TO "x "" y" WITH ADMIN OPTION GRANTED BY boss;
GRANT g TO a WITH INHERIT FALSE GRANTED BY "x "" y";`;
  expect(plan(script).run).toBe(script);
  const strict = plan(script, { versionNumber: 160_000 });
  expect(strict.run).toBe(script.replace(" GRANTED BY boss", ""));
});

test("planGlobals() puts settings before the transaction, and keeps who grants", () => {
  const script = "SET client_encoding = 'UTF8';\nSET SESSION AUTHORIZATION a;\nRESET SESSION AUTHORIZATION;";
  const { settings, statements } = planGlobals(splitScript(script), TARGET, { force: false });
  expect({ settings, statements: statements.length }).toEqual({
    settings: ["SET client_encoding = 'UTF8';"],
    statements: 2,
  });
});
