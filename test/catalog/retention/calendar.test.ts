import { expect, test } from "bun:test";
import fc from "fast-check";
import { calendarIn, isZone } from "../../../src/catalog/retention/calendar.ts";

test.each([
  ["2026-01-01T00:00:00Z", "UTC", "2026-01-01T00+00:00", "2026-W01"],
  ["2027-01-01T12:30:00Z", "UTC", "2027-01-01T12+00:00", "2026-W53"],
  ["2024-12-30T00:00:00Z", "UTC", "2024-12-30T00+00:00", "2025-W01"],
  ["2026-11-22T23:30:00Z", "Europe/Paris", "2026-11-23T00+01:00", "2026-W48"],
  ["2026-11-22T23:30:00Z", "Asia/Kathmandu", "2026-11-23T05+05:45", "2026-W48"],
  ["2026-11-22T03:30:00Z", "America/New_York", "2026-11-21T22-05:00", "2026-W47"],
])("calendarIn() names the periods of %s in %s", (moment, zone, hour, week) => {
  const [day, month, year] = [hour.slice(0, 10), hour.slice(0, 7), hour.slice(0, 4)];
  expect(calendarIn(zone)(new Date(moment))).toEqual({ hour, day, week, month, year });
});

test("the hour that comes twice when clocks go back is two hours of one day", () => {
  const calendar = calendarIn("Europe/Paris");
  const [one, other] = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"].map((each) =>
    calendar(new Date(each)),
  );
  expect([one?.hour, other?.hour]).toEqual(["2026-10-25T02+02:00", "2026-10-25T02+01:00"]);
  expect(one?.day).toBe(other?.day ?? "");
});

test.each([
  ["2026-03-29", 23],
  ["2026-10-25", 25],
  ["2026-07-01", 24],
])("%s has %d hours in Europe/Paris", (day, hours) => {
  const calendar = calendarIn("Europe/Paris");
  const start = new Date(`${day}T00:00:00Z`).getTime() - 12 * 3_600_000;
  const names = Array.from({ length: 48 }, (_, at) => calendar(new Date(start + at * 3_600_000)));
  expect(new Set(names.filter((each) => each.day === day).map(({ hour }) => hour)).size).toBe(hours);
});

test("periods of UTC are those of ISO 8601", () => {
  const moments = fc.date({ min: new Date("1970-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });
  fc.assert(
    fc.property(moments, (moment) => {
      const { hour, day, week } = calendarIn("UTC")(moment);
      expect([hour.slice(0, 13), day]).toEqual([
        moment.toISOString().slice(0, 13),
        moment.toISOString().slice(0, 10),
      ]);
      expect(week).toMatch(/^\d{4}-W(0[1-9]|[1-4]\d|5[0-3])$/);
      const nextMonday = new Date(moment.getTime() + (8 - (moment.getUTCDay() || 7)) * 86_400_000);
      expect(calendarIn("UTC")(nextMonday).week).not.toBe(week);
    }),
    { numRuns: 50 },
  );
});

test("isZone() knows zones by their names", () => {
  expect(["UTC", "Europe/Paris", "Mars/Olympus", ""].map(isZone)).toEqual([true, true, false, false]);
});
