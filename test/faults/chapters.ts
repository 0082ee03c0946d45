import { NETWORK_ROWS } from "./network-rows.ts";
import { READING_ROWS } from "./reading-rows.ts";
import { COMPLETE_ROWS, MANIFEST_ROWS, OPENING_ROWS } from "./request-rows.ts";
import type { Chapter } from "./row.ts";
import type { TransportRow } from "./transport-row.ts";
import { UPLOAD_ROWS } from "./upload-rows.ts";

interface TransportChapter extends Chapter {
  rows: readonly TransportRow[];
}

/** Faults on the way to an S3 server. */
export const TRANSPORT: readonly TransportChapter[] = [
  { title: "The way to the store", about: "", rows: NETWORK_ROWS },
  { title: "Before the first byte is sent", about: "", rows: OPENING_ROWS },
  { title: "Parts of the upload", about: "", rows: UPLOAD_ROWS },
  { title: "Putting the parts together", about: "", rows: COMPLETE_ROWS },
  { title: "The manifest", about: "", rows: MANIFEST_ROWS },
  { title: "Read-back and proof", about: "", rows: READING_ROWS },
];
