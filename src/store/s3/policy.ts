import type { S3Options } from "../s3.ts";

/** A policy as S3 takes it, in JSON. */
export interface Policy {
  Version: "2012-10-17";
  Statement: readonly Statement[];
}

interface Statement {
  Sid: string;
  Effect: "Allow" | "Deny";
  Principal?: "*";
  Action: string | readonly string[];
  Resource: string;
  Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** The least rights of the credentials that backups are made with. They can neither delete nor, with the bucket's own policy, overwrite. */
export function hostPolicy(options: S3Options): Policy {
  const { bucket, objects } = resourcesOf(options);
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "WriteAndReadBackups",
        Effect: "Allow",
        Action: ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
        Resource: objects,
      },
      {
        Sid: "ListBackups",
        Effect: "Allow",
        Action: ["s3:ListBucket", "s3:ListBucketMultipartUploads"],
        Resource: bucket,
      },
      ...keyStatements(options),
    ],
  };
}

/**
 * The bucket's own policy: nobody writes without `If-None-Match`, so that nothing is overwritten. The steps of a multipart
 * upload cannot carry the header; S3 says of them that they create no object.
 */
export function bucketPolicy(options: S3Options): Policy {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "NeverOverwrite",
        Effect: "Deny",
        Principal: "*",
        Action: "s3:PutObject",
        Resource: resourcesOf(options).objects,
        Condition: {
          Null: { "s3:if-none-match": "true" },
          Bool: { "s3:ObjectCreationOperation": "true" },
        },
      },
    ],
  };
}

function resourcesOf(options: S3Options): { bucket: string; objects: string } {
  const bucket = `arn:${partitionOf(options)}:s3:::${options.bucket}`;
  const prefix = options.prefix.replaceAll(/^\/+|\/+$/g, "");
  return { bucket, objects: `${bucket}/${prefix === "" ? "" : `${prefix}/`}*` };
}

/** Whoever reads and writes what a key of KMS protects needs rights on that key too. */
function keyStatements({ kmsKeyId }: S3Options): Statement[] {
  if (kmsKeyId?.startsWith("arn:") !== true) return [];
  const Action = ["kms:GenerateDataKey", "kms:Decrypt"];
  return [{ Sid: "UseTheKey", Effect: "Allow", Action, Resource: kmsKeyId }];
}

/** Amazon has parts that know nothing of each other. */
function partitionOf({ region = "" }: S3Options): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}
