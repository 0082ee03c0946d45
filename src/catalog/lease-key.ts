/** What an object under `<set>/lease/` is: it takes a lease (`sign` 0), shows that its holder lives, or gives it back. */
export interface LeaseObject {
  /** The day on which it was taken, by the store's clock, and a number of that day. */
  lease: string;
  sign: number | "end";
}

const OBJECT = /^(?<lease>\d{12,})(?:\.(?<sign>\d{5,}|end))?$/;

const DIGITS_OF_NUMBER = 4;
const DIGITS_OF_SIGN = 5;

/** Where the leases of a set are that were taken on the day of a moment. */
export function leasesOn(set: string, moment: Date): string {
  return `${set}/lease/${dayOf(moment)}`;
}

/** Names the lease after `last`, the last one that is known; null if there is none. */
export function nextLease(last: string | null, now: Date): string {
  const day = dayOf(now);
  const number = last?.startsWith(day) === true ? Number(last.slice(day.length)) + 1 : 1;
  return `${day}${String(number).padStart(DIGITS_OF_NUMBER, "0")}`;
}

/** The key of an object of a lease. */
export function leaseKey(set: string, { lease, sign }: LeaseObject): string {
  const end =
    sign === 0 ? "" : `.${typeof sign === "number" ? String(sign).padStart(DIGITS_OF_SIGN, "0") : sign}`;
  return `${set}/lease/${lease}${end}`;
}

/** What the key says; null if no lease of that set has an object of that key. */
export function parseLeaseKey(set: string, key: string): LeaseObject | null {
  const prefix = `${set}/lease/`;
  const groups = key.startsWith(prefix) ? OBJECT.exec(key.slice(prefix.length))?.groups : undefined;
  const { lease, sign = "0" } = groups ?? {};
  if (lease === undefined) return null;
  const object: LeaseObject = { lease, sign: sign === "end" ? sign : Number(sign) };
  return leaseKey(set, object) === key ? object : null;
}

function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10).replaceAll("-", "");
}
