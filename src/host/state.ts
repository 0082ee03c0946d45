import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Where what runs for the whole host keeps what it remembers. */
const OF_HOST = "/var/lib/dbacked";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The folder for what is remembered on this host: what systemd gives, else `$XDG_STATE_HOME/dbacked`, else `/var/lib/dbacked` for
 * root and `~/.local/state/dbacked` for others. Nothing in it matters: what is due, and what was made, the stores know.
 */
export function stateFolder(environment: Environment): string {
  return chosenFolder(environment) ?? (process.getuid?.() === 0 ? OF_HOST : ownFolder());
}

/** Where to look for what is remembered: unless a folder was chosen, what runs for the host counts too. */
export function stateFolders(environment: Environment): readonly string[] {
  return [...new Set([stateFolder(environment), ...(chosenFolder(environment) === null ? [OF_HOST] : [])])];
}

/** Makes the folder, for its owner's eyes only, if it is not there. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

function chosenFolder({ STATE_DIRECTORY, XDG_STATE_HOME }: Environment): string | null {
  // Systemd names several with colons between them, if a unit has several.
  const given = STATE_DIRECTORY?.split(":")[0] ?? "";
  if (isAbsolute(given)) return given;
  return XDG_STATE_HOME !== undefined && isAbsolute(XDG_STATE_HOME) ? join(XDG_STATE_HOME, "dbacked") : null;
}

/** Without a home, as the user of a container may be, there is none: that of the host is refused, which is told or passed over. */
function ownFolder(): string {
  try {
    return join(homedir(), ".local", "state", "dbacked");
  } catch {
    return OF_HOST;
  }
}
