import type { databaseDrivers } from "../../../src/database/registry.ts";

/** The options of a driver, as the config would have them. */
export type Options = Record<string, unknown>;

/** One kind of server, and what the list needs of it. Servers are started when they are first asked for. */
export interface Engine {
  /** As the documentation calls it. */
  name: string;
  type: keyof typeof databaseDrivers;
  /** Makes a new database with nothing in it, under this name if one is given. */
  make(name?: string): Promise<Place>;
  /** All that a database holds, in a form that can be compared, and by another way than the driver's if there is one. */
  content(place: Place): Promise<string>;
}

/** A database. */
export interface Place {
  name: string;
  /** Lead there as the least role of the documentation, which is who makes the dumps. */
  reading: Options;
  /** Lead there as somebody who may restore into it. */
  writing: Options;
}

/** Does something to a database. */
export type Deed = (place: Place) => Promise<unknown>;

/** Asks a database something. */
export type Question = (place: Place) => Promise<string>;

/** A row of the list that an engine has no use for, and why: said in the documentation, not left out. */
export interface Absent {
  outcome: "–";
  reason: string;
}

export function absent(reason: string): Absent {
  return { outcome: "–", reason };
}
