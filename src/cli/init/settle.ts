import { DbackedError } from "../../base/error.ts";
import { complain, logForm } from "../terminal.ts";
import { printError } from "../print/error.ts";
import { type Choice, choose } from "../print/prompt.ts";
import { INSTEAD, type Scene } from "./scene.ts";

/** A question, and how its answer is tried. */
interface Matter<Answer, Result> {
  /** Asks; what was answered before is there to be changed. */
  ask: (previous: Answer | null) => Promise<Answer>;
  /** @throws {DbackedError} if it does not work. */
  test: (answer: Answer) => Promise<Result>;
  /** Another way on after this failure; null for none. */
  detour?: (answer: Answer, error: DbackedError) => { label: string; answer: Answer } | null;
}

/** An answer that works, and what came of trying it. */
interface Settled<Answer, Result> {
  answer: Answer;
  result: Result;
}

/**
 * Asks until the answer works. After a failure whoever is asked chooses: another answer, the same once more, or to stop.
 *
 * @throws {DbackedError} the last failure, if he stops.
 */
export async function settle<Answer, Result>(
  { ask, test, detour }: Matter<Answer, Result>,
  { globals, signal }: Pick<Scene, "globals" | "signal">,
): Promise<Settled<Answer, Result>> {
  let answer: Answer = await ask(null);
  for (;;) {
    try {
      return { answer, result: await test(answer) };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof DbackedError)) throw error;
      complain(printError(error, { form: logForm(globals), verbose: globals.verbose }));
      const way = detour?.(answer, error) ?? null;
      const next = await chooseWay(way?.label ?? null, signal);
      if (next === "stop") throw error;
      if (next === "change") answer = await ask(answer);
      if (next === "detour" && way !== null) ({ answer } = way);
    }
  }
}

async function chooseWay(
  detour: string | null,
  signal: AbortSignal,
): Promise<"change" | "again" | "detour" | "stop"> {
  const ways: Choice<"change" | "again" | "detour" | "stop">[] = [
    { value: "change", label: "Answer otherwise" },
    { value: "again", label: "Try the same again", hint: "something was mended meanwhile" },
    ...(detour === null ? [] : [{ value: "detour" as const, label: detour }]),
    { value: "stop", label: "Stop here" },
  ];
  return await choose({ message: "And now?", instead: INSTEAD }, ways, signal);
}
