import { failing, whole } from "./outcomes.ts";
import {
  always,
  busy,
  conflict,
  denied,
  edit,
  garbage,
  hiddenError,
  reset,
  stall,
  swallow,
  type TransportRow,
} from "./transport-row.ts";

/** What makes an object of the parts. */
export const COMPLETE_ROWS: readonly TransportRow[] = [
  {
    where: "CompleteMultipartUpload",
    what: "the connection is reset twice",
    faults: [{ on: "complete", times: 2, fault: reset }],
    outcome: whole,
  },
  {
    where: "CompleteMultipartUpload",
    what: "it is carried out, and the answer is lost",
    faults: [{ on: "complete", times: 2, fault: swallow }],
    outcome: whole,
  },
  {
    where: "CompleteMultipartUpload",
    what: "it is carried out, and answered with 500",
    faults: [{ on: "complete", fault: edit((answer) => (answer.status = 500)) }],
    outcome: whole,
  },
  {
    where: "CompleteMultipartUpload",
    what: "200 with an <Error>, twice",
    faults: [{ on: "complete", times: 2, fault: hiddenError }],
    outcome: whole,
  },
  {
    where: "CompleteMultipartUpload",
    what: "200 with an <Error>, for ever",
    faults: [{ on: "complete", ...always, fault: hiddenError }],
    outcome: failing("store", /Cannot complete [^]*it may have been stored as s3:/),
  },
  {
    where: "CompleteMultipartUpload",
    what: "every answer to it is lost, and to every look that would settle it",
    faults: [
      { on: "complete", ...always, fault: swallow },
      { on: "head", of: "envelope", from: 3, ...always, fault: swallow },
    ],
    outcome: failing("store", /closed the connection.*; it may have been stored as s3:/, "orphan"),
  },
  {
    where: "CompleteMultipartUpload",
    what: "200 with something that is not S3, once",
    faults: [{ on: "complete", fault: garbage }],
    outcome: whole,
  },
  {
    where: "CompleteMultipartUpload",
    what: "503 SlowDown, eight times",
    faults: [{ on: "complete", times: 8, fault: busy }],
    outcome: whole,
  },
  {
    where: "CompleteMultipartUpload",
    what: "400 ExpiredToken, with credentials of the config",
    faults: [{ on: "complete", ...always, fault: { what: "answer", status: 400, code: "ExpiredToken" } }],
    outcome: failing("store", /Cannot complete .*the session token has expired[^]*get new credentials/),
  },
  {
    where: "CompleteMultipartUpload",
    what: "409: somebody else writes under that name",
    faults: [{ on: "complete", ...always, fault: conflict }],
    outcome: failing("store", /Cannot complete .*somebody else writes there at the same moment/),
  },
  {
    where: "CompleteMultipartUpload",
    what: "no answer, ever",
    faults: [{ on: "complete", ...always, fault: stall }],
    stallMs: 1000,
    outcome: failing(
      "store",
      /has not completed shop\/.*\.dbk for 1\.0 s, since 20.*it may have been stored/,
    ),
  },
  {
    where: "CompleteMultipartUpload",
    what: "the last volume is completed, the first is denied",
    faults: [{ on: "complete", from: 2, ...always, fault: denied }],
    options: { maxParts: 2 },
    outcome: failing("store", /access denied[^]*needs s3:PutObject/, "orphan"),
  },
  {
    where: "HeadObject",
    what: "503 SlowDown, eight times",
    faults: [{ on: "head", of: "envelope", from: 2, times: 8, fault: busy }],
    outcome: whole,
  },
  {
    where: "HeadObject",
    what: "the finished object is a byte short",
    faults: [
      {
        on: "head",
        of: "envelope",
        from: 2,
        ...always,
        fault: edit(({ headers, status }) => {
          if (status === 200)
            headers.set("content-length", String(Number(headers.get("content-length")) - 1));
        }),
      },
    ],
    outcome: failing("store", /was stored with \d+ bytes instead of \d+/, "orphan"),
  },
  {
    where: "HeadObject",
    what: "the finished object has the ETag of other parts",
    faults: [
      {
        on: "head",
        of: "envelope",
        ...always,
        fault: edit(({ headers }) => {
          const etag = headers.get("etag");
          if (etag !== null) headers.set("etag", etag.replace(/[0-9a-f]{32}/, "0".repeat(32)));
        }),
      },
    ],
    outcome: failing("store", /was stored with other bytes: its ETag is/, "orphan"),
  },
];
