import type { Transport } from "../database/database.ts";

/** Hosts that no network lies before. */
const LOCAL = /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/i;

const VERIFY = 'set tls = "verify-full" (for MongoDB, tls = true), with caFile if its authority is your own';

/** What is to be said of how the data of a database come over the network; null if nobody in between can harm them. */
export function judgeTransport(transport: Transport | undefined): [what: string, hint: string] | null {
  if (transport === undefined || transport.isVerified) return null;
  const hosts = transport.hosts.filter((host) => !LOCAL.test(host)).join(" and ");
  if (hosts === "") return null;
  const what = transport.isEncrypted
    ? `the connection to ${hosts} is encrypted, and nobody verifies who is at its other end: whoever is in between may take the server's place`
    : `the connection to ${hosts} is not encrypted: whoever is in between may read the data, or take the server's place`;
  return [what, VERIFY];
}

/** The same of a store: its own name for it is an endpoint. What is sent is sealed, and what is asked is not. */
export function checkEndpoint(options: unknown): [what: string, hint: string] | null {
  if (typeof options !== "object" || options === null || !("endpoint" in options)) return null;
  const parsed = typeof options.endpoint === "string" ? URL.parse(options.endpoint) : null;
  if (parsed?.protocol !== "http:" || LOCAL.test(parsed.hostname)) return null;
  const what = `goes over http: others on the way to ${parsed.host} see names and sizes, and can stand in for it`;
  return [what, "let endpoint begin with https://"];
}
