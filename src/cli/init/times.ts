import { isZone } from "../../catalog/retention/calendar.ts";
import { later, parseSchedule, type Schedule } from "../../schedule/schedule.ts";
import { nextTick } from "../../schedule/ticks.ts";
import { type Fields, textIn } from "../../setup/answers.ts";
import { askText, choose, tell } from "../print/prompt.ts";
import { refuseEmpty } from "./database.ts";
import { INSTEAD, type Scene } from "./scene.ts";
import { settle } from "./settle.ts";

/** When nothing else is said. */
export const USUAL_SCHEDULE = "0 3 * * *";

const SHOWN = 3;

const TIMES = [
  { value: USUAL_SCHEDULE, label: "Every day at 3 in the morning" },
  { value: "6h", label: "Every 6 hours" },
  { value: "1h", label: "Every hour" },
  { value: "", label: "At other times", hint: 'five fields of cron, or "12h"' },
];

const RULES = [
  { value: null, label: "All of them", hint: "or as long as a rule of the bucket says" },
  {
    value: { last: 7, daily: 14, weekly: 8, monthly: 12 },
    label: "14 days, 8 weeks, 12 months, and the last 7",
    hint: "`dbacked prune` removes the rest",
  },
] as const;

interface Times {
  schedule: string;
  zone: string;
}

/** By which clock the host goes. */
export function hostZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Asks when backups are made, and shows when that is. */
export async function askTimes(scene: Scene): Promise<Fields> {
  const { given, signal } = scene;
  const known = textIn(given.database, "schedule");
  const { answer } = await settle<Times, void>(
    {
      ask: async (previous) => {
        if (previous === null && known !== undefined) return { schedule: known, zone: hostZone() };
        const schedule = await askSchedule(scene, previous);
        return { schedule, zone: isInterval(schedule) ? hostZone() : await askZone(signal) };
      },
      test: async ({ schedule, zone }) => {
        await tell("success", `The next times: ${await describeTimes(schedule, zone, new Date())}`);
      },
    },
    scene,
  );
  const { schedule, zone } = answer;
  return isInterval(schedule) ? { schedule } : { schedule, zone };
}

/** Asks what is kept, where this host could remove something at all. */
export async function askKeep({ signal }: Scene): Promise<Fields> {
  const question = { message: "Which backups are kept?", instead: INSTEAD };
  const keep = await choose<(typeof RULES)[number]["value"]>(question, RULES, signal);
  return keep === null ? {} : { keep };
}

/**
 * The next times of a schedule, by the clock of its zone.
 *
 * @throws {DbackedError} `config`, if it is none.
 */
async function describeTimes(text: string, zone: string, now: Date): Promise<string> {
  const schedule = await parseSchedule(text, { zone, delayMs: 0 });
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    dateStyle: "medium",
    timeStyle: "short",
  });
  return `${nextTimes(schedule, now)
    .map((moment) => format.format(moment))
    .join("; ")} (${zone})`;
}

function nextTimes(schedule: Schedule, now: Date): Date[] {
  const times = [now];
  for (let at = 0; at < SHOWN; at++) {
    const last = times[at] ?? now;
    times.push("everyMs" in schedule ? later(last, schedule.everyMs) : nextTick(schedule, last));
  }
  return times.slice(1);
}

async function askSchedule({ signal }: Scene, previous: Times | null): Promise<string> {
  const question = { message: "When is it backed up?", instead: INSTEAD };
  const chosen = await choose(question, TIMES, signal);
  if (chosen !== "") return chosen;
  const typed = { initial: previous?.schedule, refuse: refuseEmpty };
  return await askText(
    { message: "Minute, hour, day, month, weekday; or an interval", instead: INSTEAD },
    typed,
    signal,
  );
}

async function askZone(signal: AbortSignal): Promise<string> {
  const refuse = (typed: string): string | undefined =>
    isZone(typed) ? undefined : "No such time zone; as in Europe/Paris";
  return await askText(
    { message: "By the clock of", instead: INSTEAD },
    { fallback: hostZone(), refuse },
    signal,
  );
}

/** An interval has no clock. */
function isInterval(schedule: string): boolean {
  return /^\s*\d+\s*[mhd]\s*$/.test(schedule);
}
