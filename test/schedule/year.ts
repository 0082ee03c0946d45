import { type Agenda, replan } from "../../src/schedule/agenda.ts";
import { judge, type Schedule } from "../../src/schedule/schedule.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const TOLERANCE = 10 * MINUTE;

/** A time in which something is as it should not be, by the true clock. */
export interface Span {
  start: number;
  end: number;
}

/** What happens in a year. */
export interface Weather {
  /** The agent is not running. */
  down: readonly Span[];
  /** The store does not answer. */
  away: readonly Span[];
  /** The host's clock goes wrong by so much. */
  wrong: readonly (Span & { by: number })[];
  /** The store is a folder of the host, with the host's clock. */
  isLocal: boolean;
}

/** A backup that was made. */
export interface Made {
  /** By the host's clock. */
  takenAt: number;
  /** By the true one. */
  startedAt: number;
  doneAt: number;
}

/** How long a backup takes. */
export const LASTS = 7 * MINUTE;

/** Lets an agent live from `start` to `end`, minute by minute, and gives the backups that it made. */
export function live(schedule: Schedule, weather: Weather, start: number, end: number): Made[] {
  const made: Made[] = [];
  let agent = newAgent();
  for (let time = start; time < end; time += MINUTE) {
    const host = hostClock(weather, time);
    if (isIn(weather.down, time)) agent = newAgent();
    else step(schedule, { agent, made, weather, time, host });
  }
  return made;
}

interface Agent {
  agenda: Agenda;
  lastSeen: number;
  running: { takenAt: number; startedAt: number } | null;
}

function newAgent(): Agent {
  return { agenda: { lookAt: new Date(0), trouble: null }, lastSeen: 0, running: null };
}

interface Moment {
  agent: Agent;
  made: Made[];
  weather: Weather;
  time: number;
  host: number;
}

function step(schedule: Schedule, moment: Moment): void {
  const { agent, made, weather, time, host } = moment;
  const now = new Date(host);
  if (host < agent.lastSeen) agent.agenda.lookAt = now;
  agent.lastSeen = host;
  const isAway = isIn(weather.away, time);
  if (agent.running !== null) {
    if (time < agent.running.startedAt + LASTS) return;
    if (!isAway) made.push({ ...agent.running, doneAt: time });
    const newest = new Date(agent.running.takenAt);
    agent.agenda = replan(schedule, agent.agenda, isAway ? "failed" : { newest }, now);
    agent.running = null;
  }
  if (now < agent.agenda.lookAt) return;
  if (isAway) {
    agent.agenda = replan(schedule, agent.agenda, "failed", now);
    return;
  }
  const newest = newestAt(moment);
  if (newest === null || judge(schedule, newest, now).isDue)
    agent.running = { takenAt: host, startedAt: time };
  else agent.agenda = replan(schedule, agent.agenda, { newest }, now);
}

/** As the store's clock lets it count. */
function newestAt({ made, weather, time, host }: Pick<Moment, "made" | "weather" | "time" | "host">) {
  const storeNow = weather.isLocal ? host : time;
  const counting = made
    .filter(({ takenAt }) => takenAt <= storeNow + TOLERANCE)
    .map(({ takenAt }) => takenAt);
  return counting.length === 0 ? null : new Date(Math.max(...counting));
}

/** What the host's clock shows. */
export function hostClock({ wrong }: Weather, time: number): number {
  return time + (wrong.find(({ start, end }) => start <= time && time < end)?.by ?? 0);
}

export function isIn(spans: readonly Span[], time: number): boolean {
  return spans.some(({ start, end }) => start <= time && time < end);
}
