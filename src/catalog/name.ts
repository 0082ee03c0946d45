import { compactTime } from "../base/clock.ts";
import { isKey, volumeKey } from "../store/key.ts";

/** What the names of a backup's objects say. */
export interface BackupName {
  /** `<set>/<YYYYMMDDThhmmssZ>-<32 hex digits>`: the key of every object of this backup, without its ending. */
  stem: string;
  set: string;
  id: string;
}

/** What names of databases may hold; other bytes of a database that was found by itself are %XX. */
const STEM = /^(?<set>[\w.%-]+)\/\d{8}T\d{6}Z-(?<id>[0-9a-f]{32})$/;
const MANIFEST = /^(?<stem>[^/]+\/[^/.]+)\.json$/;
const SIDECAR = /^(?<stem>[^/]+\/[^/.]+)\.keys-\d{13}$/;
const ENVELOPE = /^(?<stem>[^/]+\/[^/.]+)\.dbk$/;
const VOLUME = /^(?<stem>[^/]+\/[^/.]+)\.dbk\.(?<number>\d{4,})$/;
const PROOF = /^(?<stem>[^/]+\/[^/.]+)\.proof-\d{13}-[0-9a-f]{8}\.json$/;

/** Names a new backup. Names of one set sort by time. */
export function nameBackup(set: string, takenAt: Date, id: string): BackupName {
  return { stem: `${set}/${compactTime(takenAt)}-${id}`, set, id };
}

/** Where the envelope is kept; its further volumes add `.0001`, `.0002`, … */
export function envelopeKey(name: BackupName): string {
  return `${name.stem}.dbk`;
}

/** Where the manifest is kept. */
export function manifestKey(name: BackupName): string {
  return `${name.stem}.json`;
}

/** Where a proof of `at` is kept that the key `keyid` signed. */
export function proofKey(name: BackupName, at: Date, keyid: string): string {
  return `${name.stem}.proof-${at.getTime()}-${keyid.slice(0, 8)}.json`;
}

/** Which backup a manifest's key belongs to; null if it is not the key of a manifest, exactly. */
export function parseManifestKey(key: string): BackupName | null {
  return parseStem(MANIFEST.exec(key)?.groups?.["stem"]);
}

/** Which backup a proof's key belongs to; null if it is not the key of a proof, exactly. */
export function parseProofKey(key: string): BackupName | null {
  return parseStem(PROOF.exec(key)?.groups?.["stem"]);
}

/**
 * The objects of a backup, in the order in which they are removed: without its manifest it is no backup any more, and what
 * is left of one that was removed half-way never counts.
 */
export const PARTS = ["manifest", "proof", "sidecar", "envelope", "volume"] as const;

/** What an object is of a backup. */
export interface Part {
  name: BackupName;
  part: (typeof PARTS)[number];
}

/** Which backup an object belongs to, and as what; null if no backup has an object of that key. */
export function parsePartKey(key: string): Part | null {
  const forms = { manifest: MANIFEST, proof: PROOF, sidecar: SIDECAR, envelope: ENVELOPE, volume: VOLUME };
  for (const part of PARTS) {
    const groups = forms[part].exec(key)?.groups;
    const name = parseStem(groups?.["stem"]);
    if (name === null || groups === undefined) continue;
    const number = Number(groups["number"] ?? 1);
    if (part !== "volume" || (number > 0 && volumeKey(envelopeKey(name), number) === key))
      return { name, part };
  }
  return null;
}

function parseStem(stem: string | undefined): BackupName | null {
  const groups = stem === undefined ? undefined : STEM.exec(stem)?.groups;
  // Others than we write to some stores, too, and what cannot be asked for would stop whoever asks.
  if (stem === undefined || groups === undefined || !isKey(stem)) return null;
  return { stem, set: groups["set"] ?? "", id: groups["id"] ?? "" };
}
