/** The only variables of the caller that a child program sees. */
const KEPT = ["HOME", "PATH", "TMPDIR", "TZ"] as const;

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The environment that every child program starts with: nothing of the caller's PG*, MYSQL*, AWS_* or DBACKED_*
 * reaches it, and its messages are in English, so that they can be read.
 */
export function cleanEnvironment(): Record<string, string> {
  const clean: Record<string, string> = { PATH: DEFAULT_PATH };
  for (const name of KEPT) {
    const value = process.env[name];
    if (value !== undefined && value !== "") clean[name] = value;
  }
  return { ...clean, LC_ALL: "C" };
}
