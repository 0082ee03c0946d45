import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { collect, streamOf, utf8, type ByteTransform } from "../../../src/base/bytes.ts";
import { adaptScript } from "../../../src/database/mysql/adaptation.ts";
import { omitSandboxLine } from "../../../src/database/mysql/script.ts";

/** What comes out of a step when the text goes in by pieces of that length. */
async function through(step: ByteTransform, text: string, length = 7): Promise<string> {
  const bytes = utf8(text);
  const pieces = Array.from({ length: Math.ceil(bytes.length / length) }, (_, at) =>
    bytes.slice(at * length, (at + 1) * length),
  );
  return new TextDecoder().decode(await collect(streamOf(...pieces).pipeThrough(step), 1 << 24));
}

const SANDBOX = "/*M!999999\\- enable the sandbox mode */";

describe("omitSandboxLine()", () => {
  test.each([
    [`${SANDBOX} \n-- MariaDB dump\n`, "-- MariaDB dump\n"],
    [`${SANDBOX}\n`, ""],
    [`-- MySQL dump\n${SANDBOX}\n`, `-- MySQL dump\n${SANDBOX}\n`],
    ["/*M!99", "/*M!99"],
    ["", ""],
  ])("makes of %j %j", async (text, expected) => {
    for (const length of [1, 5, 1000]) expect(await through(omitSandboxLine(), text, length)).toBe(expected);
  });
});

describe("adaptScript()", () => {
  const body = (first: string) =>
    `DELIMITER ;;\n/*!50003 SET sql_mode = '' */ ;;\n${first} BEGIN\nCREATE DEFINER=\`a\`@\`b\` VIEW v AS SELECT 1;\nEND ;;\nDELIMITER ;\n`;

  test.each([
    [
      "a routine",
      body("CREATE DEFINER=`ro``ot`@`local host` PROCEDURE `p`()"),
      body("CREATE DEFINER=CURRENT_USER PROCEDURE `p`()"),
    ],
    [
      "a package",
      body('CREATE DEFINER="root"@"localhost" PACKAGE "p"'),
      body('CREATE DEFINER=CURRENT_USER PACKAGE "p"'),
    ],
    [
      "a role's routine",
      body("CREATE DEFINER=`boss` FUNCTION `f`()"),
      body("CREATE DEFINER=CURRENT_USER FUNCTION `f`()"),
    ],
    [
      "a trigger",
      body("/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`%`*/ /*!50003 TRIGGER t"),
      body("/*!50003 CREATE*/ /*!50017 DEFINER=CURRENT_USER*/ /*!50003 TRIGGER t"),
    ],
    [
      "a view",
      "/*!50013 DEFINER=`root`@`%` SQL SECURITY DEFINER */\n",
      "/*!50013 DEFINER=CURRENT_USER SQL SECURITY DEFINER */\n",
    ],
  ])("changes %s, and not what its body says", async (_, text, expected) => {
    for (const length of [1, 3, 64, 10_000])
      expect(await through(adaptScript({ noOwner: true }), text, length)).toBe(expected);
  });

  test.each([
    [
      "outside of a body",
      (name: string) => `ALTER DATABASE ${name}CHARACTER SET latin1 COLLATE latin1_bin ;\n`,
    ],
    [
      "among events",
      (name: string) =>
        `DELIMITER ;;\nALTER DATABASE ${name}CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci ;;\n${body("x")}`,
    ],
  ])("names no database %s, whoever owns what", async (_, script) => {
    for (const noOwner of [true, false])
      for (const length of [1, 3, 10_000])
        expect(await through(adaptScript({ noOwner }), script("`sh``op` "), length)).toBe(script(""));
  });

  test("names no database before a sequence or function of the dumped one", async () => {
    const script = (name: string, other = "`other`.") =>
      [
        "-- Host: 127.0.0.1    Database: sh`op",
        `  \`id\` int(11) DEFAULT nextval(${name}\`a\`) + lastval(${name}\`b\`) COMMENT 'x',`,
        `  \`of_another\` int(11) DEFAULT nextval(${other}\`a\`),`,
        `/*!50001 VIEW \`w\` AS select ${name}\`f\`(\`sh\`\`op\`.\`a\`,${other}\`f\`(1)) AS \`x\` from \`t\` \`sh\`\`op\` */;`,
        `/*!50001 VIEW \`v\` AS select setval(${name}\`a\`,1,1,0) AS \`x\` */;`,
        "INSERT INTO `t` VALUES",
        "('nextval(`sh``op`.`a`)');",
        "",
      ].join("\n");
    for (const length of [1, 3, 10_000])
      expect(await through(adaptScript({ noOwner: false }), script("`sh``op`."), length)).toBe(script(""));
  });

  test("leaves what a body says about a database, and the definers without noOwner", async () => {
    const script = body(
      "CREATE DEFINER=`a`@`b` PROCEDURE p()\nALTER DATABASE `x` CHARACTER SET a COLLATE b ;\n",
    );
    expect(await through(adaptScript({ noOwner: false }), script)).toBe(script);
  });

  test("changes a routine whose first line is long", async () => {
    const long = (definer: string) =>
      `DELIMITER ;;\nCREATE DEFINER=${definer} FUNCTION f() RETURN '${"x".repeat(200_000)}' ;;\nDELIMITER ;\n`;
    expect(await through(adaptScript({ noOwner: true }), long("`a`@`b`"), 65_536)).toBe(long("CURRENT_USER"));
  });

  test("leaves rows and everything else as they are, however they are cut", async () => {
    const line = fc.constantFrom(
      "INSERT INTO `t` VALUES ('CREATE DEFINER=`a`@`b` VIEW'),",
      "('/*!50013 DEFINER=`a`@`b` SQL SECURITY DEFINER */'),",
      "/*!50001 CREATE ALGORITHM=UNDEFINED */",
      "CREATE TABLE `t` (",
      "ALTER DATABASE `t` READ ONLY = 1 ;",
      "-- DEFINER=`a`@`b`",
      "",
      `INSERT INTO \`t\` VALUES ('${"y".repeat(5000)}');`,
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 9000 }), async (lines, length) => {
        const text = lines.join("\n");
        expect(await through(adaptScript({ noOwner: true }), text, length)).toBe(text);
      }),
      { numRuns: 60 },
    );
  });
});
