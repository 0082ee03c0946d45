import { sharedRgw, sharedSeaweed } from "../services.ts";
import { exclusiveSuite, storeSuite, type Subject } from "../conformance/store.ts";
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

storeSuite("SeaweedFS", async () => subject(await sharedSeaweed()));
exclusiveSuite("SeaweedFS", async () => subject(await sharedSeaweed()));
storeSuite("Ceph RGW", async () => subject(await sharedRgw()));
