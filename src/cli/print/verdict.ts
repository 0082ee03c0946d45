import type { DbackedError } from "../../base/error.ts";
import { log } from "../../base/log.ts";
import { printBytes, printDuration } from "../../base/units.ts";
import type { Backup } from "../../catalog/list.ts";
import type { Extent } from "../../catalog/proof.ts";
import type { Verdict } from "../../job/verify.ts";
import type { Signer } from "../../seal/signer.ts";
import type { Globals } from "../command.ts";
import { complain, logForm } from "../terminal.ts";
import { printError } from "./error.ts";

/** A backup, and what came of verifying it. */
export interface Verified {
  backup: Backup;
  storeName: string;
  verdict: Verdict;
}

/** What cannot be verified, since it cannot even be listed. Null where nobody knows. */
export interface Lost {
  id: string | null;
  database: string | null;
  store: string | null;
  failure: DbackedError;
}

/** One backup in `verify --json`. Its shape is kept. @see docs/json.md */
interface VerifiedJson {
  id: string;
  database: string;
  store: string;
  takenAt: string;
  bytes: number;
  extent: Extent;
  readBy: string | null;
  durationMs: number;
  recorded: string | null;
  doubt: string | null;
}

interface LostJson {
  id: string | null;
  database: string | null;
  store: string | null;
  kind: string;
  message: string;
  hint: string | null;
  recorded: string | null;
}

/** How many hex digits of an id tell one from another. */
const SHOWN_DIGITS = 12;

/** Tells how one backup fared. */
export function tellVerdict({ backup, storeName, verdict }: Verified, globals: Globals): void {
  const { manifest, name, doubt } = backup;
  const about = `${manifest.set}: backup ${name.id.slice(0, SHOWN_DIGITS)} in ${storeName}`;
  const { failure, durationMs } = verdict;
  if (failure !== null) {
    complain(printError(failure, { form: logForm(globals), about, verbose: globals.verbose }));
    return;
  }
  const cost = `${printBytes(manifest.bytes)}, ${printDuration(durationMs)}`;
  log.success(`${about} ${describe(verdict)} (${cost})`);
  if (doubt !== null) log.warn(`${about} does not count all the same: ${doubt}`);
}

function describe({ extent, readBy }: Verdict): string {
  if (extent === "sealed") return "is what was sealed, byte by byte";
  return readBy === null
    ? "opens, and holds the dump that was sealed"
    : `opens, and its dump was read whole by ${readBy}`;
}

/** Tells what is on record now, and what that is worth. */
export function tellRecords(verified: readonly Verified[], signer: Signer | null): void {
  const [unrecorded] = verified.flatMap(({ verdict }) => verdict.unrecorded ?? []);
  if (unrecorded !== undefined) log.warn(`not everything could be recorded: ${unrecorded.message}`);
  const kinds = new Set(verified.map(({ verdict }) => verdict.recorded));
  if (kinds.has("verify"))
    log.info(`Recorded under ${signer?.text}: it counts wherever that signer is trusted.`);
  if (kinds.has("read-back"))
    log.info(
      "Recorded as read-backs: a host is no witness for its own backups. For more, verify them on another one.",
    );
  if (signer === null)
    log.info("Nothing was recorded: there is no signing key here. `dbacked signer new` makes one.");
}

/** What `verify --json` prints. */
export function verifiedJson(
  verified: readonly Verified[],
  lost: readonly Lost[],
): { backups: VerifiedJson[]; failures: LostJson[] } {
  return {
    backups: verified.flatMap((each) => goodJson(each) ?? []),
    failures: [
      ...verified.flatMap(({ backup: { manifest }, storeName, verdict: { failure, recorded } }) =>
        failure === null
          ? []
          : lostJson({ id: manifest.backup, database: manifest.set, store: storeName, failure }, recorded),
      ),
      ...lost.map((each) => lostJson(each, null)),
    ],
  };
}

function goodJson({ backup, storeName, verdict }: Verified): VerifiedJson | null {
  const { manifest, doubt } = backup;
  const { extent, readBy, durationMs, recorded } = verdict;
  if (extent === null) return null;
  return {
    id: manifest.backup,
    database: manifest.set,
    store: storeName,
    takenAt: manifest.takenAt,
    bytes: manifest.bytes,
    extent,
    readBy,
    durationMs,
    recorded,
    doubt,
  };
}

function lostJson({ failure, ...where }: Lost, recorded: string | null): LostJson {
  const { kind, message, hint } = failure;
  return { ...where, kind, message, hint: hint ?? null, recorded };
}
