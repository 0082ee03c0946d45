import { expect } from "bun:test";
import type { ErrorKind } from "../../src/base/error.ts";
import type { Finished } from "../integration/binary.ts";
import { isFailure, type Outcome } from "./row.ts";

/** Fixed since the first release, and so written down here once more. */
const EXIT_CODES: Readonly<Record<ErrorKind | NodeJS.Signals, number | undefined>> = {
  usage: 2,
  config: 3,
  database: 4,
  tool: 5,
  store: 6,
  key: 7,
  damaged: 8,
  busy: 9,
  incomplete: 10,
  target: 11,
  drill: 12,
  SIGHUP: 129,
  SIGINT: 130,
  SIGKILL: 137,
  SIGTERM: 143,
} as Record<ErrorKind | NodeJS.Signals, number | undefined>;

/** The code that the program exits with. */
export function exitCodeFor(outcome: Outcome): number {
  if (!isFailure(outcome)) return 0;
  const code = EXIT_CODES[outcome.kind];
  if (code === undefined) throw new Error(`${outcome.kind} has no exit code`);
  return code;
}

/** Compares how a run ended with what its row says. */
export function expectOutcome({ exitCode, stderr }: Finished, outcome: Outcome): void {
  const says = isFailure(outcome) ? outcome.says : (outcome.warns ?? /^/);
  expect({ exitCode, stderr }).toEqual({
    exitCode: exitCodeFor(outcome),
    stderr: expect.stringMatching(says),
  });
  expect(stderr.length).toBeLessThan(100_000);
  expect(stderr).not.toContain("this is a bug");
}
