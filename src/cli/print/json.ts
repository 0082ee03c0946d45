import { UNPRINTABLE } from "./text.ts";

/** One JSON document for stdout; it means what `value` says, and none of its bytes moves a terminal's cursor. */
export function printJson(value: unknown): string {
  return escape(JSON.stringify(value, null, 2));
}

/** The same in one line, for stderr. */
export function printJsonLine(value: unknown): string {
  return escape(JSON.stringify(value));
}

/** JSON itself escapes what is below U+0020, but neither U+009B, which begins a command, nor what turns text round. */
function escape(json: string): string {
  return json.replaceAll(UNPRINTABLE, (character) =>
    character === "\n" ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
