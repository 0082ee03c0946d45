import { z } from "zod";

import { Secret } from "../base/secret.ts";
import type { Store } from "./store.ts";

/** What a request needs; S3 itself has 10,000, some providers 1,000. */
const MOST_PARTS = 10_000;

const secret = z.union([
  z.instanceof(Secret),
  z
    .string()
    .min(1)
    .transform((value) => new Secret(value)),
]);

/** Options of a store of the type `s3`. */
export const s3Options = z
  .strictObject({
    bucket: z.string().min(1),
    /** @default the one of the environment or the AWS profile; with `endpoint`, `us-east-1`, which most take. */
    region: z.string().min(1).optional(),
    endpoint: z
      .url({ protocol: /^https?$/, abort: true })
      .refine(
        hasNoUserInfo,
        "holds a user or a password, which it may not; the keys are options of their own",
      )
      .optional(),
    /** @default true with `endpoint` */
    forcePathStyle: z.boolean().optional(),
    prefix: z.string().default(""),
    /** Of envelopes alone: small objects are read again and again. */
    storageClass: z.string().min(1).optional(),
    serverSideEncryption: z.enum(["AES256", "aws:kms", "aws:kms:dsse"]).optional(),
    kmsKeyId: z.string().min(1).optional(),
    /** Without keys, the default chain of AWS: environment, profile, container, instance. */
    accessKeyId: z.string().min(1).optional(),
    secretAccessKey: secret.optional(),
    sessionToken: secret.optional(),
    /** Parts that the provider allows in one upload; what is longer goes on in the next volume. */
    maxParts: z.int().min(1).max(MOST_PARTS).default(MOST_PARTS),
    /** Certificates of authorities to trust, in PEM, instead of the well-known ones. */
    caFile: z.string().min(1).optional(),
  })
  .refine((options) => (options.accessKeyId === undefined) === (options.secretAccessKey === undefined), {
    error: "accessKeyId and secretAccessKey belong together",
    path: ["accessKeyId"],
  })
  .refine((options) => options.sessionToken === undefined || options.accessKeyId !== undefined, {
    error: "sessionToken needs accessKeyId and secretAccessKey",
    path: ["sessionToken"],
  })
  .refine(
    (options) => options.kmsKeyId === undefined || options.serverSideEncryption?.startsWith("aws:kms"),
    {
      error: 'kmsKeyId needs serverSideEncryption = "aws:kms"',
      path: ["kmsKeyId"],
    },
  );

export type S3Options = z.output<typeof s3Options>;

/** What stands in the URL would stand in messages, too. */
function hasNoUserInfo(url: string): boolean {
  const { username, password } = new URL(url);
  return username === "" && password === "";
}

/** Opens a bucket. The S3 client is loaded only here: it would cost every command 50 ms. */
export async function createS3Store(options: S3Options): Promise<Store> {
  const { S3Store } = await import("./s3/s3-store.ts");
  return S3Store.open(options);
}
