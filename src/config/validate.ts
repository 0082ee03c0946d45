import type { z } from "zod";

import type { Path } from "./document.ts";
import type { Mistakes } from "./mistakes.ts";
import { didYouMean } from "./nearest.ts";
import type { Settings } from "./settings.ts";

const WORDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list: [ … ]",
  object: "a table",
  record: "a table",
};

/** What is checked, and against what. */
export interface Subject {
  value: unknown;
  path: Path;
  /** Keys that would be right there, for "did you mean". */
  keys: readonly string[];
}

/**
 * Checks a part of the settings. What is wrong joins the mistakes, with its place and never with its value.
 *
 * @returns null if something is wrong.
 */
export function validate<Output>(
  schema: z.ZodType<Output>,
  { value, path, keys }: Subject,
  settings: Settings,
  mistakes: Mistakes,
): Output | null {
  const result = schema.safeParse(value, { error: wordsFor });
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const at = [...path, ...issue.path.map((key) => (typeof key === "symbol" ? String(key) : key))];
    if (!settings.isSpoilt(at)) report(issue, at, settings, { keys, mistakes });
  }
  return null;
}

function report(
  issue: z.core.$ZodIssue,
  at: Path,
  settings: Settings,
  { keys, mistakes }: { keys: readonly string[]; mistakes: Mistakes },
): void {
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) mistakes.add(settings.placeOf([...at, key]), unknownKey(key, keys));
  } else if (at.length === 0 || settings.get(at) !== undefined) {
    mistakes.add(settings.placeOf(at), issue.message);
  } else {
    const name = settings.nameOf(at);
    const message = issue.code === "custom" ? `${name}: ${issue.message}` : `${name} is missing`;
    mistakes.add(settings.placeOf(at.slice(0, -1)), message);
  }
}

/** The message about a key that nobody knows. */
export function unknownKey(key: string, keys: readonly string[]): string {
  return `unknown key${didYouMean(key, keys)}`;
}

/** Our words for what zod says; what a schema says itself comes before. */
function wordsFor(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === "invalid_type") return `expected ${WORDS[issue.expected] ?? issue.expected}`;
  if (issue.code === "invalid_value")
    return `expected ${issue.values
      .map(String)
      .join(", ")
      .replace(/, ([^,]*)$/, " or $1")}`;
  if (issue.code === "too_small")
    return issue.origin === "string" ? "must not be empty" : `expected at least ${issue.minimum}`;
  if (issue.code === "invalid_union") return "has none of the forms that it may have";
  return issue.code === "too_big" ? `expected at most ${issue.maximum}` : undefined;
}
