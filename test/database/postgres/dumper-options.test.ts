import { expect, test } from "bun:test";
import { join } from "node:path";
import { runProgram } from "../../../scripts/services/service.ts";
import { DbackedError } from "../../../src/base/error.ts";
import { judgeOptions } from "../../../src/database/dumper-options.ts";
import { PG_DUMP_OPTIONS } from "../../../src/database/postgres/dumper-options.ts";
import { splitWords } from "../../../src/database/words.ts";
import { sharedPostgres } from "../../services.ts";
import { hasVersions, programsOf } from "../../versions.ts";

const judge = (line: string) => judgeOptions("pg_dump", PG_DUMP_OPTIONS, splitWords(line));

test.each([
  ["--no-owner --no-acl", ["--no-owner", "--no-privileges"], []],
  ["-tusers -t logs", ["--table=users", "--table=logs"], ["--table=users", "--table=logs"]],
  ["-sx", ["--schema-only", "--no-privileges"], ["--schema-only"]],
  [
    "-sxTusers",
    ["--schema-only", "--no-privileges", "--exclude-table=users"],
    ["--schema-only", "--exclude-table=users"],
  ],
  ["--table=a=b", ["--table=a=b"], ["--table=a=b"]],
  ["--exclude-table-data logs", ["--exclude-table-data=logs"], ["--exclude-table-data=logs"]],
  ["--data-o", ["--data-only"], ["--data-only"]],
  ["--no-large-objects", ["--no-blobs"], ["--no-blobs"]],
  ["-n -x", ["--schema=-x"], ["--schema=-x"]],
])("judgeOptions(%p) reads it as pg_dump does", (line, args, narrowed) => {
  expect(judge(line)).toEqual({ args, narrowed });
});

test.each([
  ["-f out", "-f: dbacked reads pg_dump's custom format from its standard output"],
  ["-fout", "-f:"],
  ["-xFp", "-F:"],
  ["--file=x", "--file:"],
  ["--fil x", "--fil: could be --file or --filter: write it in full"],
  ["--enable-row", "--enable-row: it leaves out rows"],
  ["--frobnicate=5", "--frobnicate: not known to dbacked: tell us if you need it"],
  ["-y", "-y: not known"],
  ["--no-owner=yes", "--no-owner: takes no value"],
  ["--table", "--table: needs a value"],
  ["shop", "shop: not an option"],
  ["-- shop", "--: only options can be given"],
  ["-", "-: not an option"],
  ["--=x", "--: not known"],
])("judgeOptions(%p) refuses it with the reason", (line, reason) => {
  expect(() => judge(line)).toThrow(reason);
  expect(() => judge(line)).toThrow(DbackedError);
});

test("judgeOptions() names all wrong options at once", () => {
  expect(() => judge("-j 4 --no-owner -h db")).toThrow(/-j: .*; -h: /);
});

const newer = hasVersions ? ["postgres-client-17", "postgres-18"] : [];

test.each(["installed", ...newer])(
  "PG_DUMP_OPTIONS knows every option that pg_dump has (%s)",
  async (version) => {
    const folder = version === "installed" ? (await sharedPostgres()).binDirectory : programsOf(version);
    const help = await runProgram([join(folder, "pg_dump"), "--help"]);
    const known = new Set(PG_DUMP_OPTIONS.flatMap(({ long, aliases }) => [long, ...(aliases ?? [])]));
    const wrong = [...help.matchAll(/^\s+(?:-(.), )?--([a-z-]+)(=)?/gm)].filter(
      ([, short, long = "", value]) => {
        const option = PG_DUMP_OPTIONS.find((each) => each.long === long || each.aliases?.includes(long));
        const hasOtherShort =
          short !== option?.short && (short !== undefined || option?.aliases === undefined);
        return !known.has(long) || hasOtherShort || (option?.takesValue ?? false) !== (value === "=");
      },
    );
    expect(wrong.map(([, , long]) => long)).toEqual([]);
  },
);
