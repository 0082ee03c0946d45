import { expect, test } from "bun:test";

import { sharedRgw, sharedSeaweed } from "../services.ts";
import { exclusiveCreateTest, exclusivePutTest, storeSuite, type Subject } from "../conformance/store.ts";
import type { S3Server } from "../../scripts/services/s3-server.ts";
import { makeBucket } from "./bucket.ts";

async function subject(server: S3Server): Promise<Subject> {
  const bucket = await makeBucket(server);
  return {
    store: await bucket.open({ prefix: "one/two" }),
    neighbour: await bucket.open({ prefix: "/one/two2/" }),
    leftovers: bucket.openUploads,
    [Symbol.asyncDispose]: async () => {},
  };
}

const onSeaweed = async () => subject(await sharedSeaweed());
storeSuite("SeaweedFS", onSeaweed);
exclusivePutTest("SeaweedFS", onSeaweed);
exclusiveCreateTest("SeaweedFS", onSeaweed);

const onRgw = async () => subject(await sharedRgw());
storeSuite("Ceph RGW", onRgw);
exclusiveCreateTest("Ceph RGW", onRgw);

test.each([
  ["SeaweedFS", sharedSeaweed],
  ["Ceph RGW", sharedRgw],
])("list() takes more than one page (%s)", async (_name, start) => {
  const bucket = await makeBucket(await start());
  const keys = Array.from({ length: 1100 }, (_, at) => `many/${String(at).padStart(5, "0")} ü`);
  await bucket.fill(keys);
  const { objects } = await (await bucket.open()).list("many/", new AbortController().signal);
  expect(objects.map(({ key }) => key)).toEqual(keys);
});
