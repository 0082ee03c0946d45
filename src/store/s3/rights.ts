import type { Trial } from "../trial.ts";
import type { S3Failure } from "./failure.ts";
import type { Sight } from "./bucket.ts";

/** What a store answered: `taken` if the key is, by a condition that it keeps; `unknown` if it was not asked. */
export type Answer = "done" | "taken" | "denied" | "unknown";

/** What a bucket lets us do with an object that is there. */
export interface Rights {
  /** To create it once more. */
  createOnce: Answer;
  /** To write over it, without a condition. */
  overwrite: Answer;
  /** To delete it without naming a version. */
  removal: Answer;
  /** To delete the very version; null if the bucket keeps none. */
  versions: Answer | null;
  lock: Sight["lock"];
}

/** What a bucket does with an upload in parts. */
export type Uploads =
  | { failure: S3Failure }
  | {
      /** Which digests of parts it checks. */
      checks: { md5: boolean; sha256: boolean };
      listing: Answer;
      looking: Answer;
      aborting: Answer;
    };

const POLICY = "`dbacked doctor --print-policy host` prints the rights that are enough";

/** Says what the rights mean for the backups that lie there. */
export function judgeRights(rights: Rights): Trial[] {
  return [judgeCreation(rights), judgeOverwriting(rights), judgeRemoval(rights)];
}

function judgeCreation({ createOnce }: Rights): Trial {
  const name = "create-once";
  if (createOnce === "taken") return { name, state: "ok", what: "refuses to create a name twice" };
  if (createOnce === "denied")
    return { name, state: "ok", what: "does not let anybody write a name that is taken" };
  const what = createOnce === "done" ? "ignores If-None-Match" : "does not know If-None-Match";
  return {
    name,
    state: "warn",
    what: `${what}, so that two runs that begin in the same second are not kept apart`,
    hint: "let only one host back up each database",
  };
}

function judgeOverwriting({ overwrite, versions }: Rights): Trial {
  const name = "overwrite";
  if (overwrite !== "done") return { name, state: "ok", what: "overwriting is denied" };
  if (versions !== null && versions !== "done") {
    const what = "overwriting keeps the version before, which these credentials cannot remove";
    return { name, state: "ok", what };
  }
  return {
    name,
    state: "warn",
    what: "these credentials can overwrite backups",
    hint:
      "`dbacked doctor --print-policy bucket` prints the bucket's policy that denies it; where the server does not know its " +
      "conditions, let the bucket keep versions, or lock objects",
  };
}

function judgeRemoval({ removal, versions, lock }: Rights): Trial {
  const name = "delete";
  if (versions === "done" || (versions === null && removal === "done")) {
    return {
      name,
      state: "warn",
      what: "these credentials can delete backups for good",
      hint: `${POLICY}: leave s3:DeleteObject and s3:DeleteObjectVersion to those that \`dbacked prune\` is run with elsewhere`,
    };
  }
  const until = lock?.until ?? null;
  const kept =
    lock === null ? "" : until === null ? "; it is locked" : `; it is locked until ${until.toISOString()}`;
  if (removal !== "done") return { name, state: "ok", what: `deleting is denied${kept}` };
  return {
    name,
    state: "warn",
    what: `these credentials can hide backups behind a delete marker, and not delete them for good${kept}`,
    hint: `${POLICY}: leave s3:DeleteObject to those that \`dbacked prune\` is run with elsewhere`,
  };
}

/** Says what the uploads mean for backups that are sent there. */
export function judgeUploads(uploads: Uploads): Trial[] {
  if ("failure" in uploads) {
    const { message, hint } = uploads.failure;
    return [{ name: "upload", state: "fail", what: message, hint }];
  }
  return [
    { name: "upload", state: "ok", what: "takes objects in parts" },
    judgeChecks(uploads.checks),
    judgeStrays(uploads),
  ];
}

function judgeChecks({ md5, sha256 }: { md5: boolean; sha256: boolean }): Trial {
  const name = "checksums";
  if (md5 && sha256) return { name, state: "ok", what: "checks MD5 and SHA-256 of each part" };
  if (sha256) return { name, state: "ok", what: "checks SHA-256 of each part, and no Content-MD5" };
  if (md5) return { name, state: "ok", what: "checks Content-MD5 of each part, and takes no SHA-256" };
  return {
    name,
    state: "warn",
    what: "checks no digest of what it is sent: only reading back shows what arrived damaged",
    hint: 'leave readBack of this store at "full"',
  };
}

/** A host that lost its power leaves uploads open, which cost storage and show nowhere. */
function judgeStrays({ listing, looking, aborting }: Exclude<Uploads, { failure: S3Failure }>): Trial {
  const name = "unfinished";
  const rights = {
    "s3:ListBucketMultipartUploads": listing,
    "s3:ListMultipartUploadParts": looking,
    "s3:AbortMultipartUpload": aborting,
  };
  const missing = Object.entries(rights).flatMap(([right, answer]) => (answer === "done" ? [] : right));
  if (missing.length === 0) return { name, state: "ok", what: "open uploads can be found and aborted" };
  return {
    name,
    state: "warn",
    what: `open uploads of runs that were killed cannot be cleared away: ${missing.join(", ")} denied`,
    hint: `grant ${missing.length === 1 ? "it" : "them"}, or let a lifecycle rule abort incomplete uploads`,
  };
}
