import { expect, test } from "bun:test";
import type { Database, DumpReport } from "../../src/database/database.ts";
import { openSealedPart } from "../../src/job/note.ts";
import { readEnvelopeHeader } from "../../src/job/trust.ts";
import { failureOf } from "../conformance/sample.ts";
import { OPENER } from "./plan.ts";
import { makeSite, never, type Site } from "./site.ts";

/** The site's own database, of which the report says something else. */
function reporting({ plan: { database } }: Site, more: Partial<DumpReport>): Database {
  return {
    engine: database.engine,
    label: database.label,
    check: (signal) => database.check(signal),
    restore: (body, plan, signal) => database.restore(body, plan, signal),
    inspect: (kind, signal) => database.inspect(kind, signal),
    async dump(signal) {
      const dump = await database.dump(signal);
      return { ...dump, report: dump.report.then((report) => ({ ...report, ...more })) };
    },
  };
}

test("openSealedPart() gives what was sealed", async () => {
  await using site = await makeSite();
  const gap = { kind: "view", object: "view a", why: "it was not wanted", mend: "want it" } as const;
  const said = { narrowed: ["--schema=public"], logPosition: "0/16B3748", stderrTail: "warning: x" };
  const tableRows = [{ table: "public.a", rows: 3, kind: "estimate" as const }];
  const database = reporting(site, { ...said, gaps: [gap], tableRows, complete: false });
  const backup = await site.backUp({ database, acceptIncomplete: true });
  const header = await readEnvelopeHeader(site.store, backup.name, never);
  expect(await openSealedPart(backup, header, OPENER, never)).toEqual({
    ...said,
    gaps: [gap],
    tables: tableRows,
  });
  expect(backup.manifest).toMatchObject({ narrowed: ["--schema"], gaps: { count: 1, kinds: ["view"] } });
});

test("openSealedPart() opens nothing for the wrong key, an unknown signer or another envelope", async () => {
  await using site = await makeSite();
  const [backup, other] = [await site.backUp(), await site.backUp()];
  const header = await readEnvelopeHeader(site.store, backup.name, never);
  const nobody = { ...OPENER, trusted: [] };
  expect(await failureOf(openSealedPart(backup, header, nobody, never))).toMatchObject({ kind: "key" });
  const keyless = { ...OPENER, identities: [] };
  expect(await failureOf(openSealedPart(backup, header, keyless, never))).toMatchObject({ kind: "key" });
  expect(await failureOf(openSealedPart(other, header, OPENER, never))).toMatchObject({ kind: "damaged" });
});

test("backUp() never makes a manifest that is too long to be read", async () => {
  await using site = await makeSite();
  const tableRows = Array.from({ length: 120_000 }, (_, at) => ({
    table: `tenant_${at}.${"x".repeat(60)}`,
    rows: at,
    kind: "exact" as const,
  }));
  const database = reporting(site, { tableRows, rows: 42, stderrTail: "y".repeat(1 << 20) });
  const backup = await site.backUp({ database });
  expect(backup.manifest.rows).toBe(42);
  const header = await readEnvelopeHeader(site.store, backup.name, never);
  const part = await openSealedPart(backup, header, OPENER, never);
  expect(part.tablesCut).toBe(true);
  expect(part.tables).toEqual(tableRows.slice(0, part.tables.length));
  expect(part.tables.length).toBeGreaterThan(20_000);
  expect(part.stderrTail).toHaveLength(64 * 1024);
});
