import { reasonOf } from "../base/error.ts";
import { delayOf, parseSchedule, type Schedule } from "../schedule/schedule.ts";

/** What `[[databases]]` says of times. */
interface Times {
  name: string;
  schedule?: string | undefined;
  zone?: string | undefined;
  jitter?: number | undefined;
}

/** Reads when a database is backed up; null if nothing is said, or it is wrong. */
export async function readSchedule(
  { name, schedule, zone, jitter }: Times,
  defaultZone: string,
  complain: (key: "schedule" | "jitter", message: string) => void,
): Promise<Schedule | null> {
  if (schedule === undefined) {
    if (jitter !== undefined) complain("jitter", "only goes with schedule");
    return null;
  }
  try {
    const delayMs = jitter === undefined ? 0 : delayOf(name, jitter);
    const read = await parseSchedule(schedule, { zone: zone ?? defaultZone, delayMs });
    if ("everyMs" in read && jitter !== undefined)
      complain("jitter", "means nothing for an interval, which begins with the last backup");
    return read;
  } catch (error) {
    complain("schedule", reasonOf(error));
    return null;
  }
}
