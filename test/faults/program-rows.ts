import { failing, whole } from "./outcomes.ts";
import type { Row } from "./row.ts";

/** A harm to a dump program, or to its connection. */
export interface ProgramRow extends Row {
  /** Stands for the dump program: `"$REAL" "$@"` is the real one, `$PIDS` a file for the numbers of processes that must end. */
  script?: string;
  /** Cuts each connection to the server after so many bytes. */
  cutAfter?: number;
  /** @default 1h */
  stallTimeout?: string;
}

const where = "the dump program";

/** The first MB of what is more than 4. */
const PART = `"$REAL" "$@" | head -c 1000000`;

/** Never ends, and writes down which processes it is. */
const HANG = 'sleep 1000 & echo "$$ $!" > $PIDS; wait';

const killed = failing("tool", /was killed by SIGKILL[^]*out of memory/);
const notWhole = failing("tool", /did not write a whole dump/);
const still = failing(
  "tool",
  /The dump of .* has brought nothing for 1\.0 s, since 20[^]*raise stallTimeout/,
);

export const PROGRAM_ROWS: readonly ProgramRow[] = [
  { where, what: "is killed at its start", script: "kill -9 $$", outcome: killed },
  { where, what: "is killed in its middle", script: `${PART}; kill -9 $$`, outcome: killed },
  { where, what: "is killed after its last byte", script: '"$REAL" "$@"; kill -9 $$', outcome: killed },
  {
    where,
    what: "fails in its middle",
    script: `${PART}; echo "error: disk on fire" >&2; exit 3`,
    outcome: failing("database", /disk on fire/),
  },
  {
    where,
    what: "fails after its last byte",
    script: `"$REAL" "$@"; echo "error: disk on fire" >&2; exit 3`,
    outcome: failing("database", /disk on fire/),
  },
  { where, what: "exits 0 with nothing", script: "exit 0", outcome: notWhole },
  { where, what: "exits 0 after a part of the dump", script: PART, outcome: notWhole },
  {
    where,
    what: "exits 0 before its last 10 bytes",
    script: '"$REAL" "$@" | head -c -10',
    outcome: notWhole,
  },
  { where, what: "hangs before its first byte", script: HANG, stallTimeout: "1s", outcome: still },
  { where, what: "hangs in its middle", script: `${PART}; ${HANG}`, stallTimeout: "1s", outcome: still },
  {
    where,
    what: "exits 0, and leaves a program that holds its output",
    script: `"$REAL" "$@"; sleep 1000 & echo $! > $PIDS; exit 0`,
    outcome: failing("tool", /exited, but a program that it started still held its output/),
  },
  {
    where,
    what: "floods stderr with 50 MB, and fails",
    script: `yes "error: no" | head -c 50000000 >&2; exit 1`,
    outcome: failing("database", /error: no/),
  },
  {
    where,
    what: "floods stderr with 20 MB, and dumps well",
    script: `yes "busy" | head -c 20000000 >&2; exec "$REAL" "$@"`,
    outcome: whole,
  },
  {
    where: "the connection to the database",
    what: "is cut in the middle of the dump",
    cutAfter: 2_000_000,
    outcome: failing("database", /Cannot dump/),
  },
  {
    where: "the connection to the database",
    what: "is cut as soon as it is made",
    cutAfter: 1,
    outcome: failing("database", /Cannot /),
  },
];
