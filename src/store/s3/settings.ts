import type { S3Options } from "../s3.ts";

interface Encryption {
  ServerSideEncryption?: "AES256" | "aws:kms" | "aws:kms:dsse";
  SSEKMSKeyId?: string;
}

/** How the store itself encrypts an object. */
export function encryptionOf({ serverSideEncryption, kmsKeyId }: S3Options): Encryption {
  return {
    ...(serverSideEncryption === undefined ? {} : { ServerSideEncryption: serverSideEncryption }),
    ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }),
  };
}
