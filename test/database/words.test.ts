import { expect, test } from "bun:test";
import fc from "fast-check";
import { splitWords } from "../../src/database/words.ts";

test.each([
  ["", []],
  ["  ", []],
  ["-t users  --no-owner\n", ["-t", "users", "--no-owner"]],
  [`--table='a b'"c d"e`, ["--table=a bc de"]],
  [String.raw`a\ b "x\"y" 'x\y' "\n"`, ["a b", 'x"y', String.raw`x\y`, String.raw`\n`]],
  [`'' ""`, ["", ""]],
  ["$HOME *", ["$HOME", "*"]],
])("splitWords(%p) gives the words that a shell sees", (line, words) => {
  expect(splitWords(line)).toEqual(words);
});

test.each(["'a", '"a', String.raw`"a\"`, "a\\"])("splitWords(%p) refuses what is not closed", (line) => {
  expect(() => splitWords(line)).toThrow(SyntaxError);
});

test("splitWords() gives back what was quoted", () => {
  const quote = (word: string) => `'${word.replaceAll("'", String.raw`'\''`)}'`;
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      expect(splitWords(words.map(quote).join(" "))).toEqual(words);
    }),
  );
});
