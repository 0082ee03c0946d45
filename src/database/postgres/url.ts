import { Secret } from "../../base/secret.ts";
import { decodeHost, decodeOptional, decodePart } from "../url.ts";

/** The parameters of a URL that we hand on to libpq, by the variable that it reads. */
const PARAMETERS: Readonly<Record<string, string>> = {
  application_name: "PGAPPNAME",
  channel_binding: "PGCHANNELBINDING",
  connect_timeout: "PGCONNECT_TIMEOUT",
  gssencmode: "PGGSSENCMODE",
  options: "PGOPTIONS",
  sslcert: "PGSSLCERT",
  sslcrl: "PGSSLCRL",
  sslkey: "PGSSLKEY",
  sslmode: "PGSSLMODE",
  sslnegotiation: "PGSSLNEGOTIATION",
  sslrootcert: "PGSSLROOTCERT",
  target_session_attrs: "PGTARGETSESSIONATTRS",
};

/** What a URL says of a connection. */
export interface UrlParts {
  /** A host, or the folder of a socket; null: libpq's own socket. */
  host: string | null;
  port: number | null;
  username: string | null;
  password: Secret | null;
  database: string;
  /** More variables for libpq. */
  environment: Readonly<Record<string, string>>;
}

/**
 * Reads `postgres://role:password@host:port/database?parameters`.
 *
 * @throws {SyntaxError} that shows nothing of the URL but names of parameters: it may hold a password.
 */
export function parseUrl(text: string): UrlParts {
  const url = URL.parse(text);
  if (url === null || !["postgres:", "postgresql:"].includes(url.protocol))
    throw new SyntaxError(
      "expected postgres://role@host:port/database; in a password, write @ : / ? # and % as %40 %3A %2F %3F %23 %25",
    );
  const { host, environment } = readParameters(url.searchParams);
  const database = decodePart(url.pathname.slice(1));
  if (database === "")
    throw new SyntaxError("names no database: expected postgres://role@host:port/database");
  return {
    host: host ?? decodeHost(url),
    port: url.port === "" ? null : Number(url.port),
    username: decodeOptional(url.username),
    password: url.password === "" ? null : new Secret(decodePart(url.password)),
    database,
    environment,
  };
}

function readParameters(parameters: URLSearchParams): {
  host: string | null;
  environment: Record<string, string>;
} {
  const environment: Record<string, string> = {};
  let host: string | null = null;
  for (const [name, value] of parameters) {
    const variable = PARAMETERS[name];
    if (name === "host") host = value;
    else if (variable === undefined)
      throw new SyntaxError(`the parameter ${name} is not one that PostgreSQL's programs know`);
    else environment[variable] = value;
  }
  return { host, environment };
}
