import { DbackedError } from "../base/error.ts";
import type { Config } from "../config/config.ts";
import { s3Options } from "../store/s3.ts";
import { bucketPolicy, hostPolicy, type Policy } from "../store/s3/policy.ts";

/** Whose policy is printed. */
export const POLICIES = ["host", "bucket"] as const;

/**
 * The least rights for a store in S3, as S3 itself takes them.
 *
 * @throws {DbackedError} `usage`, if it is not clear for which store, or whose rights.
 */
export function policyOf({ stores }: Config, whose: string, name: string | undefined): Policy {
  if (whose !== "host" && whose !== "bucket")
    throw new DbackedError("usage", `--print-policy is ${POLICIES.join(" or ")}, and not "${whose}"`);
  const buckets = stores.filter(({ type }) => type === "s3");
  const names = buckets.map((store) => store.name).join(", ");
  const [chosen, ...others] = buckets.filter((store) => (name ?? store.name) === store.name);
  if (chosen === undefined)
    throw new DbackedError(
      "usage",
      `The config has no store ${name === undefined ? "" : `"${name}" `}in S3`,
      {
        hint: names === "" ? "in a folder, the rights of its files decide" : `it has ${names}`,
      },
    );
  if (others.length > 0)
    throw new DbackedError("usage", "The config has several stores in S3", {
      hint: `add --store with one of ${names}`,
    });
  const options = s3Options.parse(chosen.options);
  return whose === "host" ? hostPolicy(options) : bucketPolicy(options);
}
