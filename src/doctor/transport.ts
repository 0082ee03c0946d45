import type { DatabaseConfig } from "../config/config.ts";

/** Hosts that no network lies before. */
const LOCAL = /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\]|\/.*|%2f.*)?$/i;

/** Parameters of URLs that say how a connection is encrypted. */
const PARAMETERS = ["sslmode", "ssl-mode", "tls", "ssl"];

/** Ways in which somebody between here and there would be noticed. */
const VERIFIED = /^(?:verify[-_](?:ca|full|identity)|true)$/i;

/** What is to be said of how the data of a database come over the network; nothing if nobody can read them. */
export function checkEncryption({ options }: DatabaseConfig): [what: string, hint: string][] {
  if (typeof options !== "object" || options === null) return [];
  const { host, url, tls } = options as Record<string, unknown>;
  const parsed = typeof url === "string" ? URL.parse(url) : null;
  const name = typeof host === "string" ? host : (parsed?.hostname ?? "");
  if (LOCAL.test(name) || parsed?.protocol === "mongodb+srv:") return [];
  const table = typeof tls === "object" && tls !== null ? tls : null;
  const given = table === null ? tls : "mode" in table ? table.mode : "true";
  const parameter = PARAMETERS.map((each) => parsed?.searchParams.get(each)).find(Boolean);
  const mode = typeof given === "string" || given === true ? String(given) : (parameter ?? "");
  if (VERIFIED.test(mode)) return [];
  const how = mode === "" ? "nothing says that the connection is encrypted" : `tls is "${mode}"`;
  const what = `${how}: whoever is between here and ${name} may read the data, or take the server's place`;
  return [
    [what, 'set tls = "verify-full" (for MongoDB, tls = true), with caFile if its authority is your own'],
  ];
}

/** The same of a store: its own name for it is an endpoint. What is sent is sealed, and what is asked is not. */
export function checkEndpoint(options: unknown): [what: string, hint: string] | null {
  if (typeof options !== "object" || options === null || !("endpoint" in options)) return null;
  const parsed = typeof options.endpoint === "string" ? URL.parse(options.endpoint) : null;
  if (parsed?.protocol !== "http:" || LOCAL.test(parsed.hostname)) return null;
  const what = `goes over http: others on the way to ${parsed.host} see names and sizes, and can stand in for it`;
  return [what, "let endpoint begin with https://"];
}
