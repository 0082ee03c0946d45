/** What was tried on a store, and what came of it. */
export interface Trial {
  /**
   * `write`, `read`, `list`, `clock`: what every backup needs. `create-once`, `overwrite`, `delete`: what keeps backups from
   * being lost. `upload`, `checksums`, `unfinished`: how large objects are sent. `space`, `access`: of a folder.
   */
  name: TrialName;
  /** `warn`: backups work, and something is not as it should be. */
  state: "ok" | "warn" | "fail";
  /** What is so, in words. */
  what: string;
  hint?: string | undefined;
}

type TrialName =
  | "write"
  | "read"
  | "list"
  | "clock"
  | "create-once"
  | "overwrite"
  | "delete"
  | "upload"
  | "checksums"
  | "unfinished"
  | "space"
  | "access";

/** An object that was stored to try things on, and nothing else. */
export interface Probe {
  key: string;
  size: number;
}

/** What only the driver of a store can try. */
export interface Trials {
  /**
   * Tries on the probe what nobody who makes backups should be able to do, and how else this sort of store behaves. The
   * probe is gone afterwards if it can be removed.
   *
   * @throws {DbackedError} `store`, if the store fails meanwhile.
   */
  run(probe: Probe, signal: AbortSignal): Promise<readonly Trial[]>;
}
