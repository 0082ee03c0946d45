import { realpath } from "node:fs/promises";
import { findTools, type FoundTools, type ToolFamily } from "../tool/find.ts";

/** The programs that dump and restore one product. */
export interface Toolbox {
  /** `PostgreSQL` */
  product: string;
  /** The same programs under different names, the usual ones first; empty if no program is needed. */
  families: readonly ToolFamily[];
  /** `fitting`: for a server, the oldest of at least its major version. `newest`: for every server, the newest. */
  choice: "fitting" | "newest";
}

/** Installed programs, and what they are good for. */
export interface Installed extends FoundTools {
  programs: readonly string[];
  /** Which servers they are used for, in words; null if others are always taken before them. */
  servers: string | null;
}

/**
 * Lists what is installed, the oldest first.
 *
 * @param only the one folder to look into; undefined for all places.
 */
export async function listInstalled(
  { families, choice }: Toolbox,
  only: string | undefined,
  signal: AbortSignal,
): Promise<Installed[]> {
  const found = new Map<string, FoundTools & { programs: readonly string[] }>();
  for (const family of families)
    for (const tools of await findTools(family, only, signal)) {
      // /bin is often a link to /usr/bin.
      const place = await realpath(tools.directory);
      if (!found.has(place)) found.set(place, { ...tools, programs: family.programs });
    }
  const sorted = [...found.values()].toSorted((a, b) => a.major - b.major);
  const servers = choice === "fitting" ? serversOfFitting(sorted) : serversOfNewest(sorted);
  return sorted.map(({ directory, version, major, programs }, at) => {
    return { directory, version, major, programs, servers: servers[at] ?? null };
  });
}

/** The command that installs the programs; null if none is needed. */
export function installing({ families: [family] }: Toolbox): string | null {
  return family?.install(0) ?? null;
}

/** Of several with the same major version the first is taken. */
function serversOfFitting(sorted: readonly FoundTools[]): (string | null)[] {
  return sorted.map(({ major }, at) => {
    const before = sorted[at - 1]?.major;
    if (before === undefined) return `servers up to version ${major}`;
    if (before === major) return null;
    return before + 1 === major
      ? `servers of version ${major}`
      : `servers of version ${before + 1} to ${major}`;
  });
}

function serversOfNewest(found: readonly FoundTools[]): (string | null)[] {
  const [newest] = found.toSorted((a, b) =>
    b.version.localeCompare(a.version, "en", { numeric: true, sensitivity: "base" }),
  );
  return found.map((tools) => (tools === newest ? "every server" : null));
}
