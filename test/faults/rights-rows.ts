import { failing, whole } from "./outcomes.ts";
import { always, denied, type TransportRow } from "./transport-row.ts";

const server = "Ceph RGW";
const where = "a policy of the bucket";

/** Single rights that the credentials lack. */
export const RIGHTS_ROWS: readonly TransportRow[] = [
  {
    where,
    what: "denies s3:PutObject",
    faults: [],
    denies: "s3:PutObject",
    server,
    outcome: failing("store", /access denied[^]*the access key needs s3:PutObject on arn:aws:s3:::/),
  },
  {
    where,
    what: "denies s3:GetObject",
    faults: [],
    denies: "s3:GetObject",
    server,
    outcome: failing("store", /access denied[^]*the access key needs s3:GetObject/),
  },
  {
    where,
    what: "denies s3:ListBucket",
    faults: [],
    denies: "s3:ListBucket",
    server,
    outcome: failing(
      "store",
      /Cannot list .*access denied[^]*the access key needs s3:ListBucket on arn:aws:s3:::/,
    ),
  },
  {
    where,
    what: "denies s3:AbortMultipartUpload, and nothing is to be aborted",
    faults: [],
    denies: "s3:AbortMultipartUpload",
    server,
    outcome: whole,
  },
  {
    where,
    what: "denies s3:AbortMultipartUpload, and the third part is refused for ever",
    faults: [{ on: "part", from: 3, ...always, fault: denied }],
    denies: "s3:AbortMultipartUpload",
    server,
    outcome: failing("store", /access denied[^]*the access key needs s3:PutObject/, "upload"),
  },
  {
    where,
    what: "denies s3:ListBucketMultipartUploads",
    faults: [],
    denies: "s3:ListBucketMultipartUploads",
    server,
    outcome: whole,
  },
  {
    where,
    what: "denies s3:DeleteObject, as it should",
    faults: [],
    denies: "s3:DeleteObject",
    server,
    outcome: whole,
  },
];
