import { CREDENTIALS_ROWS } from "./credentials-rows.ts";
import { DISK_ROWS } from "./disk-rows.ts";
import { LIMIT_ROWS } from "./limit-rows.ts";
import { NETWORK_ROWS } from "./network-rows.ts";
import { PROGRAM_ROWS } from "./program-rows.ts";
import { READING_ROWS } from "./reading-rows.ts";
import { COMPLETE_ROWS } from "./complete-rows.ts";
import { MANIFEST_ROWS, OPENING_ROWS } from "./request-rows.ts";
import { RIGHTS_ROWS } from "./rights-rows.ts";
import type { Chapter } from "./row.ts";
import { STORE_ROWS } from "./stores-rows.ts";
import { SIGNAL_ROWS } from "./signal-rows.ts";
import type { TransportRow } from "./transport-row.ts";
import { UPLOAD_ROWS } from "./upload-rows.ts";

interface TransportChapter extends Chapter {
  rows: readonly TransportRow[];
}

/** Faults on the way to an S3 server. */
export const TRANSPORT: readonly TransportChapter[] = [
  {
    title: "Limits of providers",
    about: "On Ceph RGW, with parts of 1 KiB, so that so many fit into a test.",
    rows: LIMIT_ROWS,
  },
  {
    title: "The way to the store",
    about: "The server cannot be reached, or does not take the credentials.",
    rows: NETWORK_ROWS,
  },
  {
    title: "Rights",
    about: "On Ceph RGW. Which rights a host needs, and which it should not have, stores.md says.",
    rows: RIGHTS_ROWS,
  },
  {
    title: "Before the first byte is sent",
    about:
      "dbacked lists what there is, looks whose set it is, sees that the name is free, and opens the upload.",
    rows: OPENING_ROWS,
  },
  {
    title: "Parts of the upload",
    about:
      "Each part carries its MD5, and its SHA-256 where the server takes it. One that fails is sent again from the same bytes, up to ten times.",
    rows: UPLOAD_ROWS,
  },
  {
    title: "Putting the parts together",
    about:
      "An answer that was lost is settled by a look at the object: our own mark and the right size mean that it had worked.",
    rows: COMPLETE_ROWS,
  },
  {
    title: "The manifest",
    about: "It makes a backup of what is stored.",
    rows: MANIFEST_ROWS,
  },
  {
    title: "Read-back and proof",
    about: "From here on there is a backup. It counts, unless it is found not to be what was sealed.",
    rows: READING_ROWS,
  },
];

/** Everything that is tested, in the order of the page. */
export const CHAPTERS: readonly Chapter[] = [
  {
    title: "Dump programs and their connections",
    about:
      "The same for PostgreSQL, MariaDB and MongoDB: a script stands where the dump program would, or the way to the server is cut.",
    rows: PROGRAM_ROWS,
  },
  {
    title: "Disks",
    about: "An SQLite file is backed up to a folder, on a disk of 8 MiB.",
    rows: DISK_ROWS,
  },
  {
    title: "Signals",
    about: "They come while dbacked waits for the answer to a request.",
    rows: SIGNAL_ROWS,
  },
  {
    title: "Credentials that expire",
    about: "A program gives them, as an AWS profile names it (`credential_process`).",
    rows: CREDENTIALS_ROWS,
  },
  {
    title: "One of several stores",
    about:
      "One dump goes to a bucket and to a folder, and what is said here comes of the bucket's copy. The folder has its backup each time, and it is restored and compared. Then " +
      "`copy` brings the bucket its own, where nothing stands in its place, and that is restored and compared too.",
    rows: STORE_ROWS,
  },
  ...TRANSPORT.slice(1),
  ...TRANSPORT.slice(0, 1),
];
