import { DbackedError, reasonOf } from "../../base/error.ts";
import { explain } from "./explanation.ts";

/** Where a request goes, for messages. */
export interface Place {
  bucket: string;
  /** `s3://bucket/prefix` */
  label: string;
  endpoint: string | undefined;
  /** Where S3 says that the bucket is, if it is not where requests are sent. */
  readonly otherRegion: string | null;
}

/** What a request is for, and the right that it needs. */
export interface Purpose {
  /** As in `write shop/x.dbk to`. */
  doing: string;
  /** As in `s3:PutObject`, or several joined by ` and `. */
  right: string;
  /** What to do, where the answer itself does not say it. */
  hint?: string;
}

/** An answer that no S3 server gives: of a proxy on the way, or of something else that listens there. */
export class StrangeAnswer extends Error {
  readonly code = "NotS3";
}

/** What came back is not what was sent, although nobody said so. */
export class WrongDigest extends Error {
  readonly code = "BadDigest";
}

/** A request that S3 refused, or that got no answer. */
export class S3Failure extends DbackedError {
  /** Of the answer; 0 if there was none. */
  readonly status: number;
  /** S3's own word, as in `NoSuchUpload`, or the system's, as in `ECONNRESET`. */
  readonly code: string;

  private constructor(purpose: Purpose, place: Place, cause: unknown) {
    const [status, code] = [statusOf(cause), codeOf(cause)];
    const { why, hint } = explain({
      status,
      code,
      otherRegion: place.otherRegion,
      bucket: place.bucket,
      endpoint: place.endpoint,
      right: purpose.right,
    });
    // HEAD has no body, so its errors have no name.
    const detail = [code.replace(/^Unknown(Error)?$/, ""), status || ""]
      .filter((each) => each !== "")
      .join(" ");
    super("store", `Cannot ${purpose.doing} ${place.label}: ${why ?? reasonOf(cause)} (${detail})`, {
      hint: hint ?? (status === 400 ? purpose.hint : undefined),
      cause,
    });
    this.status = status;
    this.code = code;
  }

  static from(cause: unknown, purpose: Purpose, place: Place): S3Failure {
    return cause instanceof S3Failure ? cause : new S3Failure(purpose, place, cause);
  }

  /** There is no such object, or, of an object, no such bucket: an answer to HEAD does not say which. */
  get isAbsence(): boolean {
    return this.status === 404 && ["NoSuchKey", "NotFound", "404"].includes(this.code);
  }

  /** The key is taken, says a store that knows `If-None-Match`. */
  get isTaken(): boolean {
    return this.status === 412;
  }

  /** Somebody else writes to the same key right now. */
  get isConflict(): boolean {
    return this.status === 409;
  }

  /** What a store answers to a header that it does not know, and to much else. */
  get isRefusal(): boolean {
    return (this.status === 501 || this.status === 400) && !this.isPassing && !this.isExpiry;
  }

  /** A refusal to read that may be about this object alone: its encryption, its rights, or an archive that it is in. */
  get isOfOneObject(): boolean {
    return (this.status === 400 || this.status === 403) && !this.isPassing;
  }

  /** Nobody knows whether the request was carried out: its answer was lost, or the server stumbled over it. */
  get isDoubtful(): boolean {
    return this.status < 300 || this.status === 408 || (this.status >= 500 && this.status !== 501);
  }

  /** It may succeed with fresh credentials. */
  get isExpiry(): boolean {
    return EXPIRED.has(this.code);
  }

  /** The same request may succeed in a moment. */
  get isPassing(): boolean {
    if (this.status === 0) return this.code === "TimeoutError" || !PERMANENT.test(this.code);
    return this.isDoubtful || this.status === 429 || PASSING.has(this.code);
  }
}

/** Answers below 500 that are no fault of the request: a busy server, or bytes that suffered on their way. */
const PASSING = new Set([
  "BadDigest",
  "IncompleteBody",
  "RequestTimeout",
  "RequestTimeTooSkewed",
  "SlowDown",
  "ThrottlingException",
  "TooManyRequests",
  "XAmzContentChecksumMismatch",
  "XAmzContentSHA256Mismatch",
]);

const EXPIRED = new Set(["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"]);

/** Failures of TLS, of the set-up and of our own: they come before anything is sent, and come again. */
const PERMANENT = /CERT|ALTNAME|SIGNATURE|EPROTO|CredentialsProviderError|ERR_INVALID|^([A-Z][a-z]+)?Error$/;

function statusOf(cause: unknown): number {
  const metadata = fieldOf(cause, "$metadata");
  const status = fieldOf(metadata, "httpStatusCode");
  return typeof status === "number" ? status : 0;
}

function codeOf(cause: unknown): string {
  const code = fieldOf(cause, "code") ?? fieldOf(cause, "Code");
  if (typeof code === "string") return code;
  return cause instanceof Error ? cause.name : "unknown";
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[field] : undefined;
}
