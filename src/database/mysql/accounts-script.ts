import { DbackedError } from "../../base/error.ts";
import type { Server } from "./client.ts";
import type { Product } from "./tools.ts";

/** What a statement is for, in the order in which they are run: `object` is a right on a table or routine. */
export type Step = "create" | "grant" | "object" | "default";

/** One statement about one account. */
export interface AccountEntry {
  step: Step;
  /** `backup@%` */
  account: string;
  /** Without the semicolon. */
  text: string;
}

/** A dump of accounts. */
export interface AccountScript {
  product: Product;
  entries: readonly AccountEntry[];
}

const TITLE = /^-- Accounts of (MySQL|MariaDB) \S+$/;
const HEAD = /^-- (create|grant|object|default) (\{.*\})$/;
/** The line by which every dump of these products ends. */
const COMPLETION = "-- Dump completed";

/**
 * Writes a dump: SQL that can be run as it is. Before each statement stands a comment that says whom it is about and how
 * many lines it has, since names and passwords may hold anything.
 */
export function writeAccounts(
  { product, version }: Pick<Server, "product" | "version">,
  entries: readonly AccountEntry[],
): string {
  const blocks = entries.map(({ step, account, text }) => {
    const lines = text.split("\n").length;
    return `-- ${step} ${JSON.stringify({ account, lines })}\n${text};\n`;
  });
  return `-- Accounts of ${product} ${version}\n\n${blocks.join("")}\n${COMPLETION}\n`;
}

/** @throws {DbackedError} `damaged`, if this is no whole dump of accounts. */
export function parseAccounts(script: string): AccountScript {
  const lines = script.split("\n");
  const [, product] = TITLE.exec(lines[0] ?? "") ?? [];
  if (product === undefined) throw new DbackedError("damaged", "the dump is none of accounts");
  const entries: AccountEntry[] = [];
  let at = 1;
  for (let line = lines[at]; line !== COMPLETION; line = lines[at]) {
    if (line === undefined)
      throw new DbackedError("damaged", "the dump ends without the line that says that it is complete");
    at += 1;
    if (line === "") continue;
    const { step, account, count } = parseHead(line);
    const text = lines.slice(at, at + count).join("\n");
    if (!text.endsWith(";")) throw new DbackedError("damaged", `the dump lacks a statement of ${account}`);
    entries.push({ step, account, text: text.slice(0, -1) });
    at += count;
  }
  return { product: product as Product, entries };
}

function parseHead(line: string): { step: Step; account: string; count: number } {
  const [, step, json = ""] = HEAD.exec(line) ?? [];
  if (step === undefined) throw new DbackedError("damaged", "the dump of accounts holds what is none");
  const { account, lines } = JSON.parse(json) as Record<string, unknown>;
  if (typeof account !== "string" || typeof lines !== "number" || lines < 1)
    throw new DbackedError("damaged", "the dump of accounts holds what is none");
  return { step: step as Step, account, count: lines };
}
