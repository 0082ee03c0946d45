import { failing } from "./outcomes.ts";
import type { Row } from "./row.ts";

/** What is wrong with a folder: the disk that it lies on is too small, or it is not there. */
export interface DiskRow extends Row {
  folder: "store" | "snapshotDirectory";
  harm: "small" | "gone";
}

export const DISK_ROWS: readonly DiskRow[] = [
  {
    where: "the folder of the store",
    what: "the disk runs full in the middle of the dump",
    folder: "store",
    harm: "small",
    outcome: failing("store", /the disk is full|too large for this file system/),
  },
  {
    where: "the folder of the store",
    what: "it is not there: its disk is not mounted",
    folder: "store",
    harm: "gone",
    outcome: failing("store", /there is no such folder/),
  },
  {
    where: "the folder of snapshots",
    what: "the disk is too small for a snapshot of the SQLite file",
    folder: "snapshotDirectory",
    harm: "small",
    outcome: failing("database", /no room for a snapshot|Cannot make a snapshot/),
  },
  {
    where: "the folder of snapshots",
    what: "it is not there",
    folder: "snapshotDirectory",
    harm: "gone",
    outcome: failing("database", /Cannot make a snapshot of [^]*set snapshotDirectory/),
  },
];
