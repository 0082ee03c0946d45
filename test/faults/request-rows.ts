import { failing, whole } from "./outcomes.ts";
import {
  always,
  broken,
  busy,
  conflict,
  denied,
  flip,
  garbage,
  reset,
  stall,
  swallow,
  type TransportRow,
} from "./transport-row.ts";

/** Before the first byte of the dump is sent. */
export const OPENING_ROWS: readonly TransportRow[] = [
  {
    where: "ListObjectsV2",
    what: "500 InternalError, twice",
    faults: [{ on: "list", times: 2, fault: broken }],
    outcome: whole,
  },
  {
    where: "ListObjectsV2",
    what: "the answer breaks off",
    faults: [{ on: "list", fault: { what: "cut", after: 40 } }],
    outcome: whole,
  },
  {
    where: "ListObjectsV2",
    what: "503 SlowDown for ever",
    faults: [{ on: "list", ...always, fault: busy }],
    outcome: failing("store", /Cannot list s3:[^]*the store has trouble: try again later/),
  },
  {
    where: "ListObjectsV2",
    what: "200 with something that is not S3",
    faults: [{ on: "list", ...always, fault: garbage }],
    outcome: failing("store", /Cannot list s3:[^]*is endpoint that of an S3 server/),
  },
  {
    where: "ListObjectsV2",
    what: "no answer, ever",
    faults: [{ on: "list", ...always, fault: stall }],
    stallMs: 1000,
    outcome: failing("store", /has not shown what it has of shop for 1\.0 s, since 20/),
  },
  {
    where: "identity",
    what: "the connection is reset once",
    faults: [{ on: "get", of: "identity", fault: reset }],
    outcome: whole,
  },
  {
    where: "HeadObject",
    what: "every second one ends in 500",
    faults: [{ on: "head", every: 2, ...always, fault: broken }],
    outcome: whole,
  },
  {
    where: "CreateMultipartUpload",
    what: "the connection is reset twice",
    faults: [{ on: "create", times: 2, fault: reset }],
    outcome: whole,
  },
  {
    where: "CreateMultipartUpload",
    what: "it is carried out, and the answer is lost",
    faults: [{ on: "create", fault: swallow }],
    outcome: whole,
  },
  {
    where: "CreateMultipartUpload",
    what: "it comes twice",
    faults: [{ on: "create", fault: { what: "twice" } }],
    outcome: whole,
  },
  {
    where: "CreateMultipartUpload",
    what: "no answer, once",
    faults: [{ on: "create", fault: stall }],
    tuning: { limitMs: 400 },
    outcome: whole,
  },
  {
    where: "CreateMultipartUpload",
    what: "503 SlowDown for ever",
    faults: [{ on: "create", ...always, fault: busy }],
    outcome: failing("store", /Cannot begin the upload of [^]*try again later/),
  },
  {
    where: "CreateMultipartUpload",
    what: "200 with something that is not S3",
    faults: [{ on: "create", ...always, fault: garbage }],
    outcome: failing("store", /Cannot begin the upload of [^]*is endpoint that of an S3 server/),
  },
];

/** The small object that makes an envelope a backup. */
export const MANIFEST_ROWS: readonly TransportRow[] = [
  {
    where: "PutObject of the manifest",
    what: "it is carried out, and the answer is lost",
    faults: [{ on: "put", of: "manifest", times: 2, fault: swallow }],
    outcome: whole,
  },
  {
    where: "PutObject of the manifest",
    what: "a bit flips on its way",
    faults: [{ on: "put", of: "manifest", times: 2, fault: flip }],
    outcome: whole,
  },
  {
    where: "PutObject of the manifest",
    what: "409, twice",
    faults: [{ on: "put", of: "manifest", times: 2, fault: conflict }],
    outcome: whole,
  },
  {
    where: "PutObject of the manifest",
    what: "it comes twice",
    faults: [{ on: "put", of: "manifest", fault: { what: "twice" } }],
    outcome: whole,
  },
  {
    where: "PutObject of the manifest",
    what: "403 AccessDenied",
    faults: [{ on: "put", of: "manifest", ...always, fault: denied }],
    outcome: failing("store", /Cannot write shop\/.*\.json [^]*needs s3:PutObject/, "orphan"),
  },
  {
    where: "PutObject of the manifest",
    what: "503 SlowDown for ever",
    faults: [{ on: "put", of: "manifest", ...always, fault: busy }],
    outcome: failing("store", /Cannot write shop\/.*\.json .*it may have been stored as/, "orphan"),
  },
  {
    where: "PutObject of the manifest",
    what: "no answer, ever",
    faults: [{ on: "put", of: "manifest", ...always, fault: stall }],
    stallMs: 1000,
    outcome: failing("store", /has not taken shop\/.*\.json for 1\.0 s.*it may have been stored/, "orphan"),
  },
];
