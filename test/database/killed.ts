import { expect } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { waitUntil } from "../../scripts/services/service.ts";
import type { Database } from "../../src/database/database.ts";
import { errorOf } from "../conformance/sample.ts";

/** Cancels a dump, and aborts another: neither program is left. Each has written its id into a file. */
export async function expectKilled(database: Database, pidFile: string): Promise<void> {
  const cancelled = await database.dump(new AbortController().signal);
  const reader = cancelled.bytes.getReader();
  await reader.read();
  await reader.cancel(new Error("enough"));
  expect((await errorOf(cancelled.report)).message).toBe("enough");
  const controller = new AbortController();
  const aborted = await database.dump(controller.signal);
  await aborted.bytes.getReader().read();
  controller.abort(new Error("stop"));
  const pids = (await readFile(pidFile, "utf8")).trim().split("\n");
  expect(pids.length).toBe(2);
  await waitUntil(async () => !(await readdir("/proc")).some((pid) => pids.includes(pid)), {
    what: "their end",
  });
}
