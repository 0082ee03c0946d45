import type { Injection } from "./injection.ts";
import { failing, whole } from "./outcomes.ts";
import type { Row } from "./row.ts";
import { always } from "./transport-row.ts";

/** Credentials that a program of an AWS profile gives, and that expire. */
export interface CredentialsRow extends Row {
  at: Injection;
  /** How often the program must have been asked, at least. */
  asked: number;
  /** How often it gives them before it fails. @default always */
  gives?: number;
}

const fault = { what: "answer", status: 400, code: "ExpiredToken" } as const;
const where = "credentials of an AWS profile";

export const CREDENTIALS_ROWS: readonly CredentialsRow[] = [
  {
    where,
    what: "they expire in the middle of the upload",
    at: { on: "part", from: 2, fault },
    asked: 2,
    outcome: whole,
  },
  {
    where,
    what: "they expire before the upload is completed",
    at: { on: "complete", times: 2, fault },
    asked: 2,
    outcome: whole,
  },
  {
    where,
    what: "they expire before the manifest is written",
    at: { on: "put", of: "manifest", fault },
    asked: 2,
    outcome: whole,
  },
  {
    where,
    what: "they expire before the upload is completed, and the program gives no others",
    at: { on: "complete", fault },
    asked: 2,
    gives: 1,
    outcome: failing("store", /Cannot complete .*the session token has expired[^]*get new credentials/),
  },
  {
    where,
    what: "they have expired, and so have all that follow",
    at: { on: "list", ...always, fault },
    asked: 5,
    outcome: failing("store", /the session token has expired[^]*get new credentials/),
  },
];
