import { failing, whole } from "./outcomes.ts";
import { always, type TransportRow } from "./transport-row.ts";

const KIB = 1024;

const refuse = { what: "answer", status: 400, code: "InvalidArgument" } as const;

/** Refuses what a provider refuses that takes `most` parts. */
function atMost(most: number): TransportRow["faults"] {
  return [{ on: "part", ...always, fault: ({ part }) => (part > most ? refuse : null) }];
}

/** Parts of 1 KiB, on a server that takes such. */
const tiny = { server: "Ceph RGW", tuning: { partSize: KIB, inFlight: 8 } } as const;

/** How much a provider takes. */
export const LIMIT_ROWS: readonly TransportRow[] = [
  {
    where: "1,000 parts",
    what: "a dump of more, on a provider that takes 1,000 (maxParts = 1000)",
    faults: atMost(1000),
    options: { maxParts: 1000 },
    bytes: 1036 * KIB,
    ...tiny,
    outcome: whole,
  },
  {
    where: "1,000 parts",
    what: "a dump of more, on a provider that takes 1,000, and nobody has said so",
    faults: atMost(1000),
    bytes: 1036 * KIB,
    ...tiny,
    outcome: failing("store", /Cannot write part \d+ [^]*Set maxParts/),
  },
  {
    where: "10,000 parts",
    what: "a dump of more, on a provider that takes 10,000",
    faults: atMost(10_000),
    bytes: 10_036 * KIB,
    ...tiny,
    outcome: whole,
  },
];
