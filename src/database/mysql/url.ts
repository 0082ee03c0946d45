import { Secret } from "../../base/secret.ts";
import { decodeHost, decodeOptional, decodePart } from "../url.ts";
import type { Tls } from "./connection.ts";

/** What a URL says of a connection. */
export interface UrlParts {
  host: string | null;
  /** The path of a Unix socket. */
  socket: string | null;
  port: number | null;
  username: string | null;
  password: Secret | null;
  database: string;
  tls: Tls | null;
}

const SCHEMES: ReadonlySet<string> = new Set(["mysql:", "mariadb:"]);

/** MySQL's words for it, and ours. */
const MODES: Readonly<Record<string, Tls["mode"]>> = {
  disabled: "disable",
  preferred: "prefer",
  required: "require",
  verify_ca: "verify-ca",
  verify_identity: "verify-full",
};

const EXPECTED = "mysql://user@host:port/database";

/**
 * Reads `mysql://user:password@host:port/database?parameters`.
 *
 * @throws {SyntaxError} that shows nothing of the URL but names of parameters: it may hold a password.
 */
export function parseUrl(text: string): UrlParts {
  const url = URL.parse(text);
  if (url === null || !SCHEMES.has(url.protocol))
    throw new SyntaxError(
      `expected ${EXPECTED}; in a password, write @ : / ? # and % as %40 %3A %2F %3F %23 %25`,
    );
  const database = decodePart(url.pathname.slice(1));
  if (database === "") throw new SyntaxError(`names no database: expected ${EXPECTED}`);
  const parameters = readParameters(url.searchParams);
  const host = decodeHost(url);
  if (host !== null && parameters.socket !== null)
    throw new SyntaxError("the parameter socket cannot be combined with a host");
  return {
    host,
    socket: parameters.socket,
    port: url.port === "" ? null : Number(url.port),
    username: decodeOptional(url.username),
    password: url.password === "" ? null : new Secret(decodePart(url.password)),
    database,
    tls: parameters.tls,
  };
}

function readParameters(parameters: URLSearchParams): { socket: string | null; tls: Tls | null } {
  const files: Omit<Tls, "mode"> = {};
  let mode: Tls["mode"] | undefined;
  let socket: string | null = null;
  for (const [name, value] of parameters) {
    if (name === "socket") socket = value;
    else if (name === "ssl-mode") mode = readMode(value);
    else if (name === "ssl-ca") files.caFile = value;
    else if (name === "ssl-cert") files.certificateFile = value;
    else if (name === "ssl-key") files.keyFile = value;
    else
      throw new SyntaxError(`the parameter ${name} is none of socket, ssl-mode, ssl-ca, ssl-cert, ssl-key`);
  }
  if (mode !== undefined) return { socket, tls: { mode, ...files } };
  const hasFiles = Object.keys(files).length > 0;
  return { socket, tls: hasFiles ? { mode: files.caFile ? "verify-full" : "require", ...files } : null };
}

function readMode(value: string): Tls["mode"] {
  const mode = MODES[value.toLowerCase()];
  if (mode === undefined) throw new SyntaxError(`ssl-mode is one of ${Object.keys(MODES).join(", ")}`);
  return mode;
}
