import type { Bytes } from "../../../src/base/bytes.ts";
import { ArchiveWatch } from "../../../src/database/postgres/archive-watch.ts";

/** Feeds an archive in pieces of these sizes, again and again. */
export function watch(archive: Bytes, sizes: readonly number[] = [65536]): ArchiveWatch {
  const seen = new ArchiveWatch();
  for (let at = 0, turn = 0; at < archive.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    seen.see(archive.subarray(at, at + size));
    at += size;
  }
  seen.end();
  return seen;
}
