import { resolve } from "node:path";

import type { ConfigFile } from "./config-file.ts";
import { emptyTable, isTable, type Lines, type Path, pathKey, type Table } from "./document.ts";
import { FLAT_NAMES, variableOf } from "./flat-names.ts";

/** Where a value stands. */
export interface Origin {
  /** As messages have it: a variable, an option, or a line of the file. */
  place: string;
  isFile: boolean;
}

/** What all sources together say, as one tree, and where each value of it stands. */
export class Settings {
  readonly tree: Table;
  /** The file; null without one. */
  readonly path: string | null;
  /** Whether the one database and the one store were described by the names of 2018. */
  isFlat = false;
  /** What is allowed and yet not advised. */
  readonly warnings: string[] = [];
  readonly #folder: string | null;
  readonly #lines: Lines | null;
  readonly #origins = new Map<string, Origin>();
  readonly #spoilt = new Set<string>();

  constructor(file: ConfigFile | null) {
    this.tree = file?.tree ?? emptyTable();
    this.path = file?.path ?? null;
    this.#folder = file?.folder ?? null;
    this.#lines = file?.lines ?? null;
  }

  /** Sets a key at the top. */
  set(key: string, value: unknown, origin: Origin): void {
    this.tree[key] = value;
    this.note([key], origin);
  }

  /** Sets a key of a table, which is made if it is not there. */
  setIn(section: string, key: string, value: unknown, origin: Origin): void {
    const table = (this.tree[section] ??= emptyTable());
    if (!isTable(table)) return;
    table[key] = value;
    this.note([section, key], origin);
  }

  /** Marks a value about which there is a mistake already. */
  spoil(path: Path): void {
    this.#spoilt.add(pathKey(path));
  }

  isSpoilt(path: Path): boolean {
    return path.some((_, at) => this.#spoilt.has(pathKey(path.slice(0, at + 1))));
  }

  /** Whether no source said anything. */
  get isEmpty(): boolean {
    return this.path === null && Object.keys(this.tree).length === 0;
  }

  /** Whether there is something at `path`, be it right or wrong. */
  has(...path: readonly string[]): boolean {
    return this.get(path) !== undefined || this.isSpoilt(path);
  }

  get(path: Path): unknown {
    let value: unknown = this.tree;
    for (const key of path)
      value = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
    return value;
  }

  /** Notes where a value came from, if it stands elsewhere than in the file. */
  note(path: Path, origin: Origin): void {
    this.#origins.set(pathKey(path), origin);
  }

  /** Where a value stands, for a message about it. */
  placeOf(path: Path): string {
    const parts = path.map((_, at) => path.slice(0, path.length - at));
    // What came from elsewhere may have replaced lines of the file.
    for (const part of parts) {
      const origin = this.#origins.get(pathKey(part));
      if (origin !== undefined) return origin.place;
    }
    for (const part of parts) {
      const line = this.#lines?.of(part) ?? null;
      if (line !== null) return `${this.path}:${line}: ${this.#labelOf(part)}`;
    }
    return this.path ?? "environment";
  }

  /** A path that was given at `path`: relative ones start at the file they stand in, else in the current folder. */
  resolve(path: Path, file: string): string {
    const origin = this.#origins.get(pathKey(path));
    return origin?.isFile === false || this.#folder === null ? resolve(file) : resolve(this.#folder, file);
  }

  /** What the user calls a key: `host`, or `dbHost (DBACKED_DB_HOST)`. */
  nameOf(path: Path): string {
    const key = String(path.at(-1));
    if (!this.isFlat) return key;
    const found = Object.entries(FLAT_NAMES).find(
      ([, { sets }]) => sets !== null && sets[0] === path[0] && sets[1] === key,
    );
    return found === undefined ? key : `${found[0]} (${variableOf(found[0])})`;
  }

  #labelOf(path: Path): string {
    const last = path.findLast((key) => typeof key === "string") ?? "";
    if (path.length === 1) return isTable(this.tree[last]) ? `[${last}]` : last;
    return path.length === 2 && typeof path[1] === "number" ? `[[${last}]]` : last;
  }
}
