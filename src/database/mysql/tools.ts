import { join } from "node:path";
import { findTools, type FoundTools, type ToolFamily } from "../../tool/find.ts";

/** The two products, each with client programs of its own. */
export type Product = "MySQL" | "MariaDB";

/** The dump program and the client of one product, of one version, in one folder. */
export interface ClientTools extends FoundTools {
  product: Product;
  /** The dump program's name: MariaDB's had MySQL's names once, and has them beside its own. */
  dumpName: string;
  dump: string;
  client: string;
}

const MARIADB_VERSION = /(\d+\.\d+\.\d+)-MariaDB/;

function mariadbVersion(said: string): string | null {
  return MARIADB_VERSION.exec(said)?.[1] ?? null;
}

/** `Ver 8.0.36 for Linux`, and before version 8 `Ver 10.13 Distrib 5.7.44, for Linux`. */
function mysqlVersion(said: string): string | null {
  if (MARIADB_VERSION.test(said)) return null;
  return /(?:Distrib|Ver) (\d+\.\d+\.\d+)/.exec(said)?.[1] ?? null;
}

/** MySQL's programs read ~/.mylogin.cnf whatever else they are told. */
export const NO_LOGIN_FILE = { MYSQL_TEST_LOGIN_FILE: "/dev/null/none" } as const;

/** The caller's option files hold even where only the version is asked for: `result-file` empties that file. */
const BARE = { args: ["--no-defaults"], env: NO_LOGIN_FILE } as const;

/** MySQL's client programs. */
export const MYSQL_TOOLS: ToolFamily = {
  programs: ["mysqldump", "mysql"],
  usualPlaces: ["/usr/local/mysql/bin", "/opt/homebrew/opt/mysql*/bin", "/usr/local/opt/mysql*/bin"],
  asking: BARE,
  readVersion: mysqlVersion,
  install: (major) =>
    `apt-get install mysql-client${major > 0 ? ` of version ${major} or newer` : ""} from https://dev.mysql.com/downloads/repo/apt/ (Debian's packages of that name are MariaDB's)`,
};

/** MariaDB's client programs. */
export const MARIADB_TOOLS: ToolFamily = {
  programs: ["mariadb-dump", "mariadb"],
  usualPlaces: ["/usr/local/mariadb/bin", "/opt/homebrew/opt/mariadb*/bin", "/usr/local/opt/mariadb*/bin"],
  asking: BARE,
  readVersion: mariadbVersion,
  install: (major) =>
    `apt-get install mariadb-client${major > 10 ? ` of version ${major} or newer, if need be from https://mariadb.org/download/` : ""}`,
};

/** The same before version 10.5, under MySQL's names. */
export const OLD_MARIADB_TOOLS: ToolFamily = { ...MARIADB_TOOLS, programs: ["mysqldump", "mysql"] };

/** Lists the installed programs of both products, the oldest first. */
export async function findClients(only: string | undefined, signal: AbortSignal): Promise<ClientTools[]> {
  const families = [
    ["MariaDB", MARIADB_TOOLS],
    ["MariaDB", OLD_MARIADB_TOOLS],
    ["MySQL", MYSQL_TOOLS],
  ] as const;
  const found = await Promise.all(
    families.map(async ([product, family]) =>
      (await findTools(family, only, signal)).map((tools) => describe(product, family, tools)),
    ),
  );
  return found.flat().toSorted((a, b) => a.major - b.major);
}

/** What the host must have to dump a server of that product. */
export function toolsOf(product: Product): ToolFamily {
  return product === "MySQL" ? MYSQL_TOOLS : MARIADB_TOOLS;
}

function describe(product: Product, family: ToolFamily, tools: FoundTools): ClientTools {
  const [dumpName, clientName = ""] = family.programs;
  const { directory } = tools;
  return {
    ...tools,
    product,
    dumpName,
    dump: join(directory, dumpName),
    client: join(directory, clientName),
  };
}
