import { installing } from "../../database/toolbox.ts";
import type { Search } from "../../doctor/tools.ts";
import { printTable, type TableLook } from "./table.ts";
import { printable } from "./text.ts";

/** What `tools --json` prints, for each product and place. @see docs/json.md */
interface SearchJson {
  product: string;
  directory: string | null;
  neededBy: readonly string[];
  found: readonly {
    version: string;
    directory: string;
    programs: readonly string[];
    servers: string | null;
  }[];
  install: string | null;
}

const COLUMNS = [
  { title: "PRODUCT" },
  { title: "VERSION" },
  { title: "FOLDER" },
  { title: "FOR" },
  { title: "DATABASES", goes: 1 },
] as const;

/** The document of `tools --json`. */
export function toolsJson(searches: readonly Search[]): { tools: SearchJson[] } {
  const tools = searches.map(({ box, only, neededBy, installed }) => ({
    product: box.product,
    directory: only ?? null,
    neededBy,
    found: installed.map(({ version, directory, programs, servers }) => ({
      version,
      directory,
      programs,
      servers,
    })),
    install: installed.length === 0 ? installing(box) : null,
  }));
  return { tools };
}

/** The table that `tools` prints, and how to install what is not there. */
export function printTools(searches: readonly Search[], look: TableLook): string {
  const table = printTable(COLUMNS, searches.flatMap(rowsOf), look);
  const missing = searches
    .filter(({ installed, only }) => installed.length === 0 && only === undefined)
    .flatMap(({ box }) => {
      const command = installing(box);
      return command === null ? [] : printable(`to install ${box.product}: ${command}`);
    });
  return [table, ...(missing.length === 0 ? [] : ["", ...missing])].join("\n");
}

function rowsOf({ box, only, neededBy, installed }: Search): string[][] {
  const databases = neededBy.join(", ");
  if (box.families.length === 0) return [[box.product, "-", "-", "no program is needed", databases]];
  if (installed.length === 0) return [[box.product, "-", only ?? "-", "not found", databases]];
  return installed.map(({ version, directory, servers }) => [
    box.product,
    version,
    directory,
    servers ?? "not used: others are taken before it",
    servers === null ? "" : databases,
  ]);
}
