/** What the rules count in. */
export type Period = "hour" | "day" | "week" | "month" | "year";

/** Names the period of each sort that a moment lies in; moments of one period have one name. */
export type Calendar = (moment: Date) => Readonly<Record<Period, string>>;

const DAY_MS = 86_400_000;
const THURSDAY = 4;

/** The calendar of a time zone: where days begin, daylight saving included. */
export function calendarIn(zone: string): Calendar {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    timeZoneName: "longOffset",
  });
  return (moment) => {
    const parts = new Map(format.formatToParts(moment).map(({ type, value }) => [type, value]));
    const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? "";
    const month = `${part("year").padStart(4, "0")}-${part("month")}`;
    const day = `${month}-${part("day")}`;
    // When clocks go back, an hour of the same number comes twice.
    const offset = part("timeZoneName").replace(/^GMT$/, "GMT+00:00").slice("GMT".length);
    return {
      hour: `${day}T${part("hour")}${offset}`,
      day,
      week: weekOf(day),
      month,
      year: month.slice(0, 4),
    };
  };
}

/** Whether the system knows a time zone of that name. */
export function isZone(zone: string): boolean {
  try {
    calendarIn(zone);
    return true;
  } catch {
    return false;
  }
}

/** The ISO week of a day: it belongs to the year that its Thursday lies in. */
function weekOf(day: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  const thursday = new Date(date.getTime() + (THURSDAY - (date.getUTCDay() || 7)) * DAY_MS);
  const year = thursday.getUTCFullYear();
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * DAY_MS)) + 1;
  return `${year}-W${String(week).padStart(2, "0")}`;
}
