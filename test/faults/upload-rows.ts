import { failing, whole } from "./outcomes.ts";
import { knowing, refuseSha256, spoiling } from "./unchecked.ts";
import {
  always,
  broken,
  busy,
  denied,
  edit,
  flip,
  garbage,
  reset,
  stall,
  swallow,
  type TransportRow,
} from "./transport-row.ts";

const where = "UploadPart";

const badDigest = { what: "answer", status: 400, code: "BadDigest" } as const;
const expired = { what: "answer", status: 403, code: "ExpiredToken" } as const;
const gone = { what: "answer", status: 404, code: "NoSuchUpload" } as const;
const tooMany = { what: "answer", status: 400, code: "InvalidArgument" } as const;
const quota = { what: "answer", status: 403, code: "QuotaExceeded" } as const;

/** The parts of an upload. */
export const UPLOAD_ROWS: readonly TransportRow[] = [
  {
    where,
    what: "the connection breaks in the middle of the third part",
    faults: [{ on: "part", from: 3, fault: { what: "break", after: 100_000 } }],
    outcome: whole,
  },
  {
    where,
    what: "the third part is reset before the server sees it, three times",
    faults: [{ on: "part", from: 3, times: 3, fault: reset }],
    outcome: whole,
  },
  {
    where,
    what: "the second part hangs without an answer",
    faults: [{ on: "part", from: 2, fault: stall }],
    tuning: { partLimitMs: 400 },
    outcome: whole,
  },
  {
    where,
    what: "a bit of the second part flips on its way",
    faults: [{ on: "part", from: 2, fault: flip }],
    outcome: whole,
  },
  {
    where,
    what: "the answer to the second part is lost",
    faults: [{ on: "part", from: 2, times: 2, fault: swallow }],
    outcome: whole,
  },
  {
    where,
    what: "every second request ends in 500 InternalError",
    faults: [{ on: "part", every: 2, ...always, fault: broken }],
    outcome: whole,
  },
  {
    where,
    what: "503 SlowDown, six times",
    faults: [{ on: "part", times: 6, fault: busy }],
    outcome: whole,
  },
  {
    where,
    what: "400 BadDigest, twice",
    faults: [{ on: "part", from: 2, times: 2, fault: badDigest }],
    outcome: whole,
  },
  {
    where,
    what: "400 RequestTimeout, once",
    faults: [{ on: "part", from: 2, fault: { what: "answer", status: 400, code: "RequestTimeout" } }],
    outcome: whole,
  },
  {
    where,
    what: "a store so slow that each part takes longer than it may at first",
    faults: [{ on: "part", ...always, fault: { what: "late", ms: 350 } }],
    tuning: { partLimitMs: 200 },
    outcome: whole,
  },
  {
    where,
    what: "the third part comes twice",
    faults: [{ on: "part", from: 3, fault: { what: "twice" } }],
    outcome: whole,
  },
  {
    where,
    what: "200 with something that is not S3, once",
    faults: [{ on: "part", from: 2, fault: garbage }],
    outcome: whole,
  },
  {
    where,
    what: "every part arrives with a flipped bit",
    faults: [{ on: "part", ...always, fault: flip }],
    outcome: failing("store", /Cannot write part \d of .*BadDigest/),
  },
  {
    where,
    what: "500 InternalError from the second part on",
    faults: [{ on: "part", from: 2, ...always, fault: broken }],
    outcome: failing("store", /Cannot write part \d of [^]*the store has trouble: try again later/),
  },
  {
    where,
    what: "every connection is reset from the second part on",
    faults: [{ on: "part", from: 2, ...always, fault: reset }],
    outcome: failing("store", /closed the connection[^]*check the network/),
  },
  {
    where,
    what: "a black hole: from the second part on nothing is answered",
    faults: [{ on: "part", from: 2, ...always, fault: stall }],
    tuning: { partLimitMs: 300 },
    stallMs: 1500,
    outcome: failing(
      "store",
      /has taken nothing more of shop\/.*\.dbk for 1\.5 s, since 20[^]*check the network/,
    ),
  },
  {
    where,
    what: "the store looks at no checksum and spoils a part; its ETag tells",
    faults: [refuseSha256, { on: "part", from: 2, fault: spoiling("open") }],
    outcome: whole,
  },
  {
    where,
    what: "the store looks at no checksum, spoils a part, and shows nowhere what it holds",
    faults: [
      refuseSha256,
      { on: "part", from: 2, fault: spoiling("hidden") },
      { on: "complete", ...always, fault: knowing },
      { on: "head", ...always, fault: edit(({ headers }) => headers.delete("etag")) },
    ],
    outcome: failing("damaged", /does not read back from .*[^]*look at that store's disk/, "ruined"),
  },
  {
    where,
    what: "403 AccessDenied",
    faults: [{ on: "part", ...always, fault: denied }],
    outcome: failing("store", /access denied[^]*the access key needs s3:PutObject on arn:aws:s3:::/),
  },
  {
    where,
    what: "403 ExpiredToken, with credentials that stand in the config",
    faults: [{ on: "part", from: 3, ...always, fault: expired }],
    outcome: failing("store", /the session token has expired[^]*get new credentials/),
  },
  {
    where,
    what: "404 NoSuchUpload: somebody has aborted it",
    faults: [{ on: "part", from: 3, ...always, fault: gone }],
    outcome: failing("store", /the upload is gone[^]*lifecycle rule/),
  },
  {
    where,
    what: "403 QuotaExceeded: the provider's limit is reached",
    faults: [{ on: "part", from: 2, ...always, fault: quota }],
    outcome: failing("store", /the store is full .*QuotaExceeded[^]*quota be raised/),
  },
  {
    where,
    what: "a provider with fewer parts than maxParts says refuses the third",
    faults: [{ on: "part", ...always, fault: ({ part }) => (part > 2 ? tooMany : null) }],
    outcome: failing("store", /Cannot write part 3 [^]*Set maxParts/),
  },
  {
    where,
    what: "the parts of one upload are used up (maxParts = 2), and the next volume's first part is reset",
    faults: [{ on: "part", from: 3, fault: reset }],
    options: { maxParts: 2 },
    outcome: whole,
  },
];
