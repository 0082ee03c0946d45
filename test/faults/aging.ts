import type { Injection } from "./injection.ts";
import { edit } from "./transport-row.ts";

const EIGHT_DAYS_MS = 8 * 24 * 60 * 60 * 1000;

const TIMES = /<(Initiated|LastModified)>([^<]+)</g;

const older = edit((answer) => {
  const earlier = (time: string) => new Date(Date.parse(time) - EIGHT_DAYS_MS).toISOString();
  const text = new TextDecoder().decode(answer.body);
  answer.body = new TextEncoder().encode(
    text.replaceAll(TIMES, (_, name: string, time: string) => `<${name}>${earlier(time)}<`),
  );
});

/** All that a server tells of open uploads seems to have happened eight days earlier. */
export const aging: readonly Injection[] = [agingOf("uploads"), agingOf("parts")];

function agingOf(on: "uploads" | "parts"): Injection {
  return { on, times: Infinity, fault: older };
}
