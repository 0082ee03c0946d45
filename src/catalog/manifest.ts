import { z } from "zod";
import { type Bytes, utf8 } from "../base/bytes.ts";
import { DbackedError, reasonOf } from "../base/error.ts";
import { type BackupName, nameBackup } from "./name.ts";

/** The DSSE payload type of a manifest. */
export const MANIFEST_TYPE = "application/vnd.dbacked.manifest+json";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();
const moment = z.iso.datetime({ precision: 3 });

/** What was left out with consent: how many gaps, and of which sorts. Their names are in `sealed` only. */
const gapCount = z.object({ count, kinds: z.array(z.string()) });

/** What the manifest says in clear, schema 1. Names of tables, rows of each and hosts are in `sealed` only. */
const manifestSchema = z.object({
  schema: z.literal(1),
  backup: z.string().regex(/^[0-9a-f]{32}$/),
  core: sha256,
  signer: z.base64().length(44),
  headerBytes: count,
  header: sha256,
  set: z.string().min(1),
  engine: z.string(),
  takenAt: moment,
  finishedAt: moment,
  dump: z.string(),
  compression: z.string(),
  tool: z.object({ name: z.string(), version: z.string() }),
  volumes: z.array(count).min(1),
  bytes: count,
  segments: count,
  chain: sha256,
  dumpBytes: count,
  tables: count.nullable(),
  rows: count.nullable(),
  complete: z.boolean(),
  narrowed: z.array(z.string()),
  // Manifests of the first version do not say it.
  gaps: gapCount.optional(),
  consistent: z.enum(["snapshot", "locked", "no"]),
  seq: count,
  prev: sha256.nullable(),
  recipients: z.array(sha256).min(1),
  version: z.string(),
  sealed: z.base64(),
});

/** What was stored, and how it came to be. Sizes in bytes, digests as hex, times in ISO 8601. */
export type Manifest = z.infer<typeof manifestSchema>;

/** What only those may read who can open the backup. */
const sealedPartSchema = z.object({
  tables: z.array(z.object({ table: z.string(), rows: count, kind: z.enum(["exact", "estimate"]) })),
  /** True if there were too many tables to name them all. */
  tablesCut: z.boolean().optional(),
  /** The options that narrow the dump, with their values. */
  narrowed: z.array(z.string()),
  logPosition: z.string().nullable(),
  gaps: z.array(
    z.object({
      kind: z.string().optional(),
      object: z.string(),
      why: z.string(),
      mend: z.string().optional(),
    }),
  ),
  gapsCut: z.boolean().optional(),
  stderrTail: z.string(),
});

/** The sealed part of a manifest. */
export type SealedPart = z.infer<typeof sealedPartSchema>;

/** The bytes that are signed. */
export function encodeManifest(manifest: Manifest): Bytes {
  return utf8(JSON.stringify(manifest));
}

/**
 * Reads a manifest whose signature was verified, and holds it against the name that it was stored under.
 *
 * @throws {DbackedError} `damaged`, if it is not a manifest of schema 1, contradicts itself, or belongs elsewhere.
 */
export function parseManifest(payload: Bytes, name: BackupName): Manifest {
  const manifest = readSchema(payload, name);
  const wrong = (what: string) =>
    new DbackedError("damaged", `The manifest of ${name.stem} does not belong there: ${what}`);
  if (manifest.backup !== name.id) throw wrong(`it is of backup ${manifest.backup}`);
  if (manifest.set !== name.set) throw wrong(`it is of the set "${manifest.set}"`);
  // Else a copy of an old backup could be put in the newest one's place.
  const { stem } = nameBackup(manifest.set, new Date(manifest.takenAt), manifest.backup);
  if (stem !== name.stem) throw wrong(`it was taken at ${manifest.takenAt}`);
  const sum = manifest.volumes.reduce((total, size) => total + size, 0);
  if (sum !== manifest.bytes) throw wrong(`its volumes hold ${sum} bytes, not ${manifest.bytes}`);
  return manifest;
}

/**
 * Reads the sealed part of a manifest, once it was opened.
 *
 * @throws {DbackedError} `damaged`, if it is not what a manifest seals.
 */
export function parseSealedPart(opened: unknown, name: BackupName): SealedPart {
  const parsed = sealedPartSchema.safeParse(opened);
  if (parsed.success) return parsed.data;
  throw new DbackedError("damaged", `The sealed part of the manifest of ${name.stem} cannot be read`, {
    hint: "was it written by a newer version? `dbacked --version` tells yours",
    cause: parsed.error,
  });
}

function readSchema(payload: Bytes, name: BackupName): Manifest {
  try {
    return manifestSchema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload)));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll("\n", " ") : reasonOf(cause);
    throw new DbackedError("damaged", `The manifest of ${name.stem} cannot be read: ${why}`, {
      hint: "was it written by a newer version? `dbacked --version` tells yours",
      cause,
    });
  }
}
