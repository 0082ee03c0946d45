/** What is known of a failed request. */
interface Facts {
  status: number;
  code: string;
  /** Where S3 says that the bucket is, if it is not where requests are sent. */
  otherRegion: string | null;
  bucket: string;
  endpoint: string | undefined;
  /** The right that the request needs. */
  right: string;
}

interface Explanation {
  /** Absent where the server's own words say it best. */
  why?: string;
  hint?: string;
}

/** Says in words why a request failed, and what to do about it. */
export function explain(facts: Facts): Explanation {
  return byCode(facts) ?? byStatus(facts) ?? byNetwork(facts) ?? {};
}

function byCode({ code, bucket, otherRegion }: Facts): Explanation | null {
  switch (code) {
    case "NoSuchBucket":
      return { why: "there is no such bucket", hint: `is ${bucket} the right name, at the right endpoint?` };
    case "InvalidAccessKeyId":
      return { why: "the access key is not known there", hint: "check accessKeyId, or AWS_ACCESS_KEY_ID" };
    case "SignatureDoesNotMatch":
      return {
        why: "the secret key does not fit the access key",
        hint: "check secretAccessKey, and endpoint",
      };
    case "NoSuchUpload":
      return {
        why: "the upload is gone",
        hint: "did somebody abort it, or a lifecycle rule? Such a rule must allow for the longest dump",
      };
    case "QuotaExceeded":
    case "XMinioStorageFull":
      return { why: "the store is full", hint: "make room there, or let its quota be raised" };
    case "NotS3":
      return { hint: "is endpoint that of an S3 server, and does a proxy on the way let it through?" };
    case "ExpiredToken":
    case "ExpiredTokenException":
    case "TokenRefreshRequired":
      return { why: "the session token has expired", hint: "get new credentials" };
    case "RequestTimeTooSkewed":
      return {
        why: "this machine's clock is wrong by more than 15 minutes",
        hint: "set it: timedatectl set-ntp true",
      };
    case "PermanentRedirect":
    case "TemporaryRedirect":
    case "AuthorizationHeaderMalformed":
    case "IllegalLocationConstraintException":
      return elsewhere(otherRegion);
    case "InvalidObjectState":
      return { why: "the object lies in an archive storage class", hint: "restore it from there first" };
    case "CredentialsProviderError":
      return {
        why: "no credentials were found",
        hint: "set accessKeyId and secretAccessKey, or what the AWS chain reads: AWS_ACCESS_KEY_ID, a profile, a role",
      };
    default:
      return null;
  }
}

function byStatus({ status, otherRegion, bucket, right }: Facts): Explanation | null {
  if (status === 301 || status === 307 || (status === 400 && otherRegion !== null))
    return elsewhere(otherRegion);
  if (status === 401 || status === 403) return denied(right, bucket);
  if (status === 409)
    return { why: "somebody else writes there at the same moment", hint: "run again when he is done" };
  if (status === 412) return { why: "the name is taken, and nothing is ever replaced" };
  if (status >= 500 || status === 429) return { hint: "the store has trouble: try again later" };
  return null;
}

/** Who makes backups should not be able to remove them. */
function denied(right: string, bucket: string): Explanation {
  const need = `the access key needs ${grantOf(right, bucket)}`;
  const isRemoval = right.startsWith("s3:DeleteObject");
  const hint = isRemoval
    ? `${need}; better not that of the host that makes the backups: see docs/retention.md`
    : need;
  return { why: "access denied", hint };
}

function elsewhere(region: string | null): Explanation {
  return region === null
    ? { why: "the bucket is in another region", hint: "set region to the bucket's own" }
    : { why: `the bucket is in the region ${region}`, hint: `set region = "${region}"` };
}

/** Rights on the bucket itself, and rights on what it holds, have different resources. */
function grantOf(rights: string, bucket: string): string {
  const grants = rights.split(" and ").map((right) => {
    const resource = `arn:aws:s3:::${bucket}`;
    return `${right} on ${right.startsWith("s3:ListBucket") ? resource : `${resource}/*`}`;
  });
  return grants.join(", and ");
}

function byNetwork({ code, endpoint }: Facts): Explanation | null {
  const where = endpoint ?? "Amazon S3";
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return { why: `the name of ${where} cannot be resolved`, hint: "check endpoint and region, and DNS" };
    case "ECONNREFUSED":
      return {
        why: `nobody listens at ${where}`,
        hint: "check endpoint, and that the server runs; HTTPS_PROXY and HTTP_PROXY are obeyed, if set",
      };
    case "ECONNRESET":
    case "EPIPE":
      return { why: `${where} closed the connection`, hint: "check the network between here and there" };
    case "TimeoutError":
      return { why: `${where} did not answer in time`, hint: "check the network between here and there" };
    case "EPROTO":
      return { why: `${where} does not speak TLS`, hint: "should endpoint begin with http://?" };
    case "ERR_PROXY_TUNNEL":
      return { why: "the proxy refused the connection", hint: "check HTTPS_PROXY and NO_PROXY" };
    default:
      return /CERT|ALTNAME|SIGNATURE/.test(code)
        ? {
            why: `the certificate of ${where} cannot be trusted`,
            hint: "set caFile to its authority's certificate",
          }
        : null;
  }
}
