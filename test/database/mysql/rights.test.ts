import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { errorOf } from "../../conformance/sample.ts";
import { sharedMariadb } from "../../services.ts";
import { createDatabase, dumpOf, EVERYTHING, leastIn, never, open, rootIn } from "./servers.ts";

setDefaultTimeout(30_000);

const server = await sharedMariadb();
const least = await leastIn(server, await createDatabase(server));

describe("Mysql.check()", () => {
  test("names what is missing and the GRANT that mends it", async () => {
    const name = await createDatabase(server, EVERYTHING);
    await server.query(
      `CREATE USER poor IDENTIFIED BY 'x'; GRANT SELECT ON ${name}.bytes TO poor; GRANT EVENT ON \`${name}\`.* TO poor`,
    );
    const role = { ...least, username: "poor", password: "x", database: name };
    const { gaps } = await open(role).check(never);
    const escaped = name.replace("_", "\\_");
    const mend = `GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON \`${escaped}\`.* TO \`poor\`@\`%\`;`;
    expect(gaps).toEqual([
      {
        kind: "table",
        object: `tables of \`${name}\``,
        why: "the role lacks SELECT on the whole database, and has rights on single tables only",
        mend,
      },
      {
        kind: "view",
        object: `views of \`${name}\``,
        why: "the role lacks SHOW VIEW on the whole database",
        mend,
      },
      {
        kind: "trigger",
        object: `triggers of \`${name}\``,
        why: "the role lacks TRIGGER on the whole database",
        mend,
      },
      {
        kind: "routine",
        object: `routines of \`${name}\``,
        why: "the role may not read those of others",
        mend: "GRANT SELECT ON `mysql`.`proc` TO `poor`@`%`;",
      },
    ]);
    const { report } = await dumpOf(open(role));
    expect(report).toMatchObject({ complete: false, gaps, tables: 1, rows: 257 });
    await server.query(gaps.map((gap) => gap.mend).join("\n"));
    // One on this very name takes the place of the older one, to which _ was a wildcard.
    expect((await open(role).check(never)).gaps).toEqual([]);
  });

  test("lets who has all rights on the database go without a further one, if all routines are its own", async () => {
    const name = await createDatabase(server);
    await server.query(`CREATE USER owner_of_all IDENTIFIED BY 'x'; GRANT ALL ON ${name}.* TO owner_of_all`);
    const role = { ...least, username: "owner_of_all", password: "x", database: name };
    await server.query("CREATE DEFINER = owner_of_all PROCEDURE mine() SELECT 1", name);
    const { report, bytes } = await dumpOf(open(role));
    expect(report.complete).toBe(true);
    expect(new TextDecoder().decode(bytes)).toContain("PROCEDURE `mine`");
    await server.query("CREATE DEFINER = root@localhost PROCEDURE others() SELECT 1", name);
    const { gaps } = await open(role).check(never);
    expect(gaps).toMatchObject([
      { kind: "routine", mend: "GRANT SELECT ON `mysql`.`proc` TO `owner_of_all`@`%`;" },
    ]);
  });

  test("leaves out what the role may not read, and asks for no right that an option makes needless", async () => {
    const name = await createDatabase(server, EVERYTHING);
    await server.query(`CREATE USER halfway IDENTIFIED BY 'x'; GRANT SELECT ON ${name}.* TO halfway`);
    const role = { ...least, username: "halfway", password: "x", database: name };
    const { report, bytes } = await dumpOf(open(role));
    expect(report.gaps.map(({ kind }) => kind)).toEqual(["view", "trigger", "event", "routine"]);
    const text = new TextDecoder().decode(bytes);
    expect(text).not.toMatch(/first_view|make_table|TRIGGER|EVENT/);
    const dumperOptions = "--skip-routines --skip-events --skip-triggers";
    const { gaps } = await open({ ...role, dumperOptions }).check(never);
    expect(gaps.map(({ kind }) => kind)).toEqual(["view"]);
  });

  test("names tables whose history no program dumps", async () => {
    const name = await createDatabase(
      server,
      `CREATE TABLE by_transaction (a int, s bigint unsigned AS ROW START INVISIBLE, e bigint unsigned AS ROW END INVISIBLE,
        PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING; CREATE TABLE by_time (a int) WITH SYSTEM VERSIONING`,
    );
    const { gaps } = await open(rootIn(server, name)).check(never);
    expect(gaps).toMatchObject([{ kind: "rows", object: "history of `by_transaction`" }]);
  });

  test("knows the rights that roles bring", async () => {
    const name = await createDatabase(server);
    await server.query(
      `CREATE ROLE reading; GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON \`db%\`.* TO reading; GRANT SELECT ON mysql.* TO reading;
       CREATE USER member IDENTIFIED BY 'x'; GRANT reading TO member`,
    );
    const role = { ...least, username: "member", password: "x", database: name };
    expect((await errorOf(open(role).check(never))).kind).toBe("incomplete");
    await server.query("SET DEFAULT ROLE reading FOR member");
    expect((await open(role).check(never)).gaps).toEqual([]);
  });
});
