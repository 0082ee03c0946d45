import { UNPRINTABLE } from "./text.ts";

/** One JSON document for stdout; it means what `value` says, and none of its bytes moves a terminal's cursor. */
export function printJson(value: unknown): string {
  // JSON escapes the characters below U+0020 itself, but neither U+009B, which begins a command, nor what turns text.
  return JSON.stringify(value, null, 2).replaceAll(UNPRINTABLE, (character) =>
    character === "\n" ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
