import { printBytes } from "../../base/units.ts";
import type { ReportJson } from "./outcome.ts";

/** What a run came to, for whoever is told of it elsewhere: failures first, each with what to do about it. */
export function printTold({ failures, backups }: Pick<ReportJson, "failures" | "backups">): string {
  const failed = failures.map(({ database, message, hint }) => {
    const advice = hint === null ? "" : `\nhint: ${hint.replaceAll("\n", "\nhint: ")}`;
    return `${database}: ${message}${advice}`;
  });
  const made = backups.map(({ database, id, dumpBytes, bytes, complete }) => {
    const sizes = `${printBytes(dumpBytes)} dumped, ${printBytes(bytes)} stored`;
    return `${database}: backup ${id.slice(0, 12)} (${sizes}${complete ? "" : ", not complete"})`;
  });
  return [...failed, ...made].join("\n");
}
