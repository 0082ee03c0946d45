import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { compile } from "../compile.ts";
import type { S3Server } from "../services/s3-server.ts";
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
  toolsDirectory?: string;
  /** @default full */
  readBack?: "full" | "off";
  /** Of an upload. @default 10,000 */
  maxParts?: number;
  /** @default 3 */
  compression?: "none" | number;
}

/** Keys and the compiled program, all in one temporary folder. */
export interface Ground extends AsyncDisposable {
  folder: string;
  /** The compiled program. */
  dbacked: string;
  /** The key that opens its backups. */
  privateKey: string;
  /** Writes a config for one database; gives its file. */
  writeConfig(store: "folder" | S3Server, source: Source, more?: More): Promise<string>;
}

/** The bucket of every S3 server here. */
export const BUCKET = "bench";

/** Makes what is measured, in a folder of its own: others may compile theirs meanwhile. */
export async function prepareBench(): Promise<Ground> {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await temporaryFolder("bench"));
  const dbacked = join(folder, "dbacked");
  await compile(dbacked);
  await runProgram([dbacked, "keygen", "--out", join(folder, "keys"), "--no-passphrase"]);
  await runProgram(["mkdir", join(folder, "store")]);
  const owned = stack.move();
  return {
    folder,
    dbacked,
    privateKey: join(folder, "keys", "dbacked-private.pem"),
    writeConfig: (store, source, more = {}) => writeConfig(folder, { store, source, ...more }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Makes the bucket on a server. */
export async function makeBucket({ endpoint, accessKeyId, secretAccessKey }: S3Server): Promise<void> {
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

interface Choice extends More {
  store: "folder" | S3Server;
  source: Source;
}

async function writeConfig(folder: string, choice: Choice): Promise<string> {
  const { store, source, toolsDirectory, readBack = "full", compression = 3 } = choice;
  const file = join(folder, `${source.type}-${source.name}-${crypto.randomUUID()}.toml`);
  const place = store === "folder" ? `path = "${folder}/store"` : placeOf(store, source, choice.maxParts);
  const tools = toolsDirectory === undefined ? "" : `databaseToolsDirectory = "${toolsDirectory}"`;
  const text = `[encryption]
recipients = ["${folder}/keys/dbacked-public.pem"]
[[stores]]
name = "there"
type = "${store === "folder" ? "folder" : "s3"}"
readBack = "${readBack}"
${place}
[[databases]]
name = "${source.name}"
type = "${source.type}"
url = "${source.url}"
compression = ${JSON.stringify(compression)}
${tools}
`;
  await Bun.write(file, text);
  await chmod(file, 0o600);
  return file;
}

function placeOf(s3: S3Server, { type }: Source, maxParts = 10_000): string {
  return `bucket = "${BUCKET}"\nprefix = "${type}"\nregion = "us-east-1"\nendpoint = "${s3.endpoint}"
accessKeyId = "${s3.accessKeyId}"\nsecretAccessKey = "${s3.secretAccessKey}"\nmaxParts = ${maxParts}`;
}
