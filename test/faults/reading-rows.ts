import type { Fault, Seen } from "./proxy.ts";
import { failing, whole } from "./outcomes.ts";
import { always, broken, denied, edit, reset, stall, type TransportRow } from "./transport-row.ts";

const where = "GetObject at read-back";

/** Only what is not the header. */
function onBody(fault: Fault): (request: Seen) => Fault | null {
  return ({ headers: { range = "" } }) => {
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
    return Number(end) - Number(start) > 1_000_000 ? fault : null;
  };
}

const flipLast = edit(({ body }) => {
  const at = body.length - 100;
  body[at] = (body[at] ?? 0) ^ 1;
});

/** After the manifest: the backup counts unless a proof says otherwise. */
export const READING_ROWS: readonly TransportRow[] = [
  {
    where,
    what: "the answer breaks off, three times",
    faults: [{ on: "get", of: "envelope", times: 3, fault: onBody({ what: "cut", after: 200_000 }) }],
    outcome: whole,
  },
  {
    where,
    what: "the connection is reset twice",
    faults: [{ on: "get", of: "envelope", times: 2, fault: reset }],
    outcome: whole,
  },
  {
    where,
    what: "the answer hangs in its middle",
    faults: [{ on: "get", of: "envelope", fault: onBody({ what: "hang", after: 200_000 }) }],
    tuning: { stallMs: 300 },
    outcome: whole,
  },
  {
    where,
    what: "the answer trickles",
    faults: [
      { on: "get", of: "envelope", ...always, fault: onBody({ what: "trickle", bytes: 400_000, ms: 20 }) },
    ],
    outcome: whole,
  },
  {
    where,
    what: "500 InternalError for ever",
    faults: [{ on: "get", of: "envelope", ...always, fault: broken }],
    outcome: failing("store", /is stored in .* and is not proved: [^]*dbacked verify/, "unproved"),
  },
  {
    where,
    what: "no answer, ever",
    faults: [{ on: "get", of: "envelope", ...always, fault: stall }],
    stallMs: 1000,
    outcome: failing(
      "store",
      /has given out nothing more of backup .*is not proved[^]*dbacked verify/,
      "unproved",
    ),
  },
  {
    where,
    what: "403 AccessDenied: the credentials may write and not read",
    faults: [
      { on: "get", of: "envelope", ...always, fault: denied },
      { on: "head", of: "envelope", ...always, fault: denied },
    ],
    outcome: { warns: /access denied/ },
  },
  {
    where,
    what: "a bit is another than that which was stored",
    faults: [{ on: "get", of: "envelope", ...always, fault: onBody(flipLast) }],
    outcome: failing("damaged", /does not read back from [^]*it does not count/, "condemned"),
  },
  {
    where: "PutObject of the proof",
    what: "500 InternalError, twice",
    faults: [{ on: "put", of: "proof", times: 2, fault: broken }],
    outcome: whole,
  },
  {
    where: "PutObject of the proof",
    what: "403 AccessDenied",
    faults: [{ on: "put", of: "proof", ...always, fault: denied }],
    outcome: failing("store", /is stored in .* and is not proved: [^]*needs s3:PutObject/, "unproved"),
  },
];
