import { failing } from "./outcomes.ts";
import type { Fault, Kind, Seen } from "./proxy.ts";
import type { Failure, Row } from "./row.ts";

/** What strikes one of two stores. */
export interface StoreRow extends Row {
  outcome: Failure;
  /** On the way to that one. */
  spoil: (request: Seen) => Fault | null;
}

const broken: Fault = { what: "answer", status: 400, code: "InvalidRequest" };
const stall: Fault = { what: "stall" };
const flip: Fault = { what: "edit", edit: ({ body }) => body.fill(0, -1) };

function at(kind: Kind, fault: Fault = broken, isMeant: (request: Seen) => boolean = () => true) {
  return (request: Seen): Fault | null => (request.kind === kind && isMeant(request) ? fault : null);
}

const isSecond = ({ part }: Seen): boolean => part === 2;
const isManifest = ({ key }: Seen): boolean => key.endsWith(".json") && !key.includes(".proof-");
const isEnvelope = ({ key }: Seen): boolean => key.endsWith(".dbk");

export const STORE_ROWS: readonly StoreRow[] = [
  {
    where: "a bucket, of two stores",
    what: "does not list what it has",
    spoil: at("list"),
    outcome: failing("store", /Cannot list .*InvalidRequest/),
  },
  {
    where: "a bucket, of two stores",
    what: "refuses the upload at its begin",
    spoil: at("create"),
    outcome: failing("store", /Cannot begin the upload of .*InvalidRequest/),
  },
  {
    where: "a bucket, of two stores",
    what: "refuses a part",
    spoil: at("part", broken, isSecond),
    outcome: failing("store", /Cannot write part 2 of .*InvalidRequest/),
  },
  {
    where: "a bucket, of two stores",
    what: "refuses to complete the upload",
    spoil: at("complete"),
    outcome: failing("store", /Cannot complete .*InvalidRequest/),
  },
  {
    where: "a bucket, of two stores",
    what: "refuses the manifest",
    spoil: at("put", broken, isManifest),
    outcome: failing("store", /Cannot write .*json.*InvalidRequest/, "orphan"),
  },
  {
    where: "a bucket, of two stores",
    what: "stands still at the begin of the upload",
    spoil: at("create", stall),
    outcome: failing("store", /has taken nothing more of .* for 1.5 s, since 20/),
  },
  {
    where: "a bucket, of two stores",
    what: "stands still in the middle",
    spoil: at("part", stall, isSecond),
    outcome: failing("store", /has taken nothing more of .* for 1.5 s, since 20/),
  },
  {
    where: "a bucket, of two stores",
    what: "gives out other bytes than it was given",
    spoil: at("get", flip, isEnvelope),
    outcome: failing("damaged", /does not read back from .* as it was sealed/, "condemned"),
  },
];
