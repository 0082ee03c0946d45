import { expect, test } from "bun:test";
import { select } from "../../src/job/selection.ts";

const NAMES = ["app", "app_1", "app_22", "a.c", "Größe *", "postgres", "two\nlines"];

test.each<[string[] | null, string[], string[]]>([
  [null, [], NAMES],
  [null, ["postgres", "app*"], ["a.c", "Größe *", "two\nlines"]],
  [["app_?"], [], ["app_1"]],
  [["app_*"], ["*_22"], ["app_1"]],
  [["a.c"], [], ["a.c"]],
  [["?.c", "Gr??e *"], [], ["a.c", "Größe *"]],
  [["two*"], [], ["two\nlines"]],
  [["APP"], [], []],
])("select() with include %j and exclude %j", (include, exclude, chosen) => {
  expect(select(NAMES, { include, exclude }).chosen).toEqual(chosen);
});

test("select() tells which names are not there", () => {
  const { absent } = select(NAMES, { include: ["app", "shop", "x*"], exclude: [] });
  expect(absent).toEqual(["shop"]);
});
