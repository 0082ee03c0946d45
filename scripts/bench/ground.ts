import { chmod } from "node:fs/promises";
import { join } from "node:path";
import type { S3Server } from "../services/s3-server.ts";
import { startSeaweed } from "../services/seaweedfs.ts";
import { runProgram, temporaryFolder } from "../services/service.ts";

/** The database that is backed up. */
interface Source {
  /** The set's name, too. */
  name: string;
  type: string;
  url: string;
}

/** What a config says besides the store and the database. */
interface More {
  toolsDirectory: string;
  /** @default full */
  readBack: "full" | "sample" | "off";
}

/** Servers, keys and the compiled program, all in one temporary folder. */
export interface Ground extends AsyncDisposable {
  folder: string;
  /** The compiled program. */
  dbacked: string;
  s3: S3Server;
  bucket: string;
  /** Writes a config for one database; gives its file. */
  writeConfig(store: "folder" | "s3", source: Source, more?: Partial<More>): Promise<string>;
}

const DBACKED = join(import.meta.dir, "..", "..", "dist", "dbacked");
const BUCKET = "bench";

/** Starts all that is measured. */
export async function prepareBench(): Promise<Ground> {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await temporaryFolder("bench"));
  await runProgram([process.execPath, join(import.meta.dir, "..", "build.ts")]);
  const s3 = stack.use(await startSeaweed());
  await makeBucket(s3);
  await runProgram([DBACKED, "keygen", "--out", join(folder, "keys"), "--no-passphrase"]);
  await runProgram(["mkdir", join(folder, "store")]);
  const owned = stack.move();
  return {
    folder,
    dbacked: DBACKED,
    s3,
    bucket: BUCKET,
    writeConfig: (store, source, more = {}) => writeConfig({ folder, s3 }, { store, source, ...more }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface Choice extends Partial<More> {
  store: "folder" | "s3";
  source: Source;
}

async function writeConfig(
  { folder, s3 }: { folder: string; s3: S3Server },
  { store, source, toolsDirectory, readBack = "full" }: Choice,
): Promise<string> {
  const file = join(folder, `${store}-${source.type}-${source.name}-${readBack}.toml`);
  const place =
    store === "folder"
      ? `path = "${folder}/store"`
      : `bucket = "${BUCKET}"\nprefix = "${source.type}"\nregion = "us-east-1"\nendpoint = "${s3.endpoint}"
accessKeyId = "${s3.accessKeyId}"\nsecretAccessKey = "${s3.secretAccessKey}"`;
  const tools = toolsDirectory === undefined ? "" : `databaseToolsDirectory = "${toolsDirectory}"`;
  const text = `[encryption]
recipients = ["${folder}/keys/dbacked-public.pem"]
[[stores]]
name = "there"
type = "${store}"
readBack = "${readBack}"
${place}
[[databases]]
name = "${source.name}"
type = "${source.type}"
url = "${source.url}"
${tools}
`;
  await Bun.write(file, text);
  await chmod(file, 0o600);
  return file;
}

async function makeBucket({ endpoint, accessKeyId, secretAccessKey }: S3Server): Promise<void> {
  const { S3Client, CreateBucketCommand } = await import("@aws-sdk/client-s3");
  const client = new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  client.destroy();
}
