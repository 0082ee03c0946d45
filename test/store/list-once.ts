// Lists a bucket at the endpoint given, in a process of its own, since the environment is read at its start.
import { s3Options } from "../../src/store/s3.ts";
import { S3Store } from "../../src/store/s3/s3-store.ts";

const options = { bucket: "backups", accessKeyId: "a", secretAccessKey: "b", endpoint: process.argv[2] };
try {
  const store = await S3Store.open(s3Options.parse(options), { pauseMs: 1 });
  await store.list("", new AbortController().signal);
} catch (error) {
  process.stdout.write(String(error));
}
