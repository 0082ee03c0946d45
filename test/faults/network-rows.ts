import { failing } from "./outcomes.ts";
import type { TransportRow } from "./transport-row.ts";

/** The server cannot be reached at all, or does not take us for whom we are. */
export const NETWORK_ROWS: readonly TransportRow[] = [
  {
    where: "DNS",
    what: "the name of the endpoint cannot be resolved",
    faults: [],
    options: { endpoint: "http://s3.invalid:9000" },
    outcome: failing(
      "store",
      /the name of http:\/\/s3\.invalid:9000 cannot be resolved[^]*check endpoint and region, and DNS/,
    ),
  },
  {
    where: "TCP",
    what: "nobody listens there",
    faults: [],
    options: { endpoint: "http://127.0.0.1:1" },
    outcome: failing("store", /nobody listens at http:\/\/127\.0\.0\.1:1[^]*check endpoint/),
  },
  {
    where: "credentials",
    what: "the secret key is another",
    faults: [],
    options: { secretAccessKey: "wrong" },
    outcome: failing("store", /the secret key does not fit the access key[^]*check secretAccessKey/),
  },
  {
    where: "credentials",
    what: "the session token has expired before the run",
    faults: [{ times: Infinity, fault: { what: "answer", status: 400, code: "ExpiredToken" } }],
    outcome: failing("store", /the session token has expired[^]*get new credentials/),
  },
];
