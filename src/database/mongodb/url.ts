import { Secret } from "../../base/secret.ts";
import { decodePart } from "../url.ts";

/** The parameters of a URL that both mongodump and dbacked itself understand, in small letters. */
const PARAMETERS: ReadonlySet<string> = new Set([
  "appname",
  "authmechanism",
  "authsource",
  "connecttimeoutms",
  "directconnection",
  "heartbeatfrequencyms",
  "journal",
  "loadbalanced",
  "localthresholdms",
  "maxstalenessseconds",
  "readconcernlevel",
  "readpreference",
  "readpreferencetags",
  "replicaset",
  "retryreads",
  "retrywrites",
  "serverselectiontimeoutms",
  "srvmaxhosts",
  "srvservicename",
  "ssl",
  "tls",
  "tlscafile",
  "tlscertificatekeyfile",
  "tlsinsecure",
  "w",
]);

/** Ways to show who one is, and whether they need a password. */
const MECHANISMS: ReadonlyMap<string, boolean> = new Map([
  ["", true],
  ["SCRAM-SHA-1", true],
  ["SCRAM-SHA-256", true],
  ["PLAIN", true],
  ["MONGODB-X509", false],
]);

/** What a URL says of a connection. */
export interface UrlParts {
  /** True for `mongodb+srv://`: the host stands for others, which the DNS knows. */
  isSrv: boolean;
  /** As in `db1.internal:27017`, percent-encoded. */
  hosts: readonly string[];
  username: string | null;
  password: Secret | null;
  /** Null if it names none. */
  database: string | null;
  /** As they were given: the names of parameters know no case. */
  parameters: readonly (readonly [string, string])[];
}

const URL_FORM = /^mongodb(\+srv)?:\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^@/?#]*))?(?:\?([^#]*))?$/;

const EXPECTED =
  "expected mongodb://user@host:port/database; in a password, write @ : / ? # and % as %40 %3A %2F %3F %23 %25";

/**
 * Reads `mongodb://user:password@host1:port,host2/database?parameters`.
 *
 * @throws {SyntaxError} that shows nothing of the URL but names of parameters: it may hold a password.
 */
export function parseUrl(text: string): UrlParts {
  const found = URL_FORM.exec(text);
  if (found === null) throw new SyntaxError(EXPECTED);
  const [, srv, userInfo, hostList = "", path = "", query = ""] = found;
  const hosts = hostList.split(",");
  if (!hosts.every((host) => /^(?:\[[0-9a-f:.]+\]|[^:[\]]+)(?::\d{1,5})?$/i.test(host)))
    throw new SyntaxError(EXPECTED);
  const isSrv = srv !== undefined;
  if (isSrv && (hosts.length > 1 || /:\d+$/.test(hostList)))
    throw new SyntaxError("a mongodb+srv:// URL has one host, and no port");
  const [username, password] = readUser(userInfo);
  const database = path === "" ? null : decodePart(path);
  return { isSrv, hosts, username, password, database, parameters: readParameters(query) };
}

/** The value of a parameter, whatever the case of its name. */
export function parameterOf({ parameters }: UrlParts, name: string): string | undefined {
  return parameters.find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1];
}

/** Says whether the way in which the user is known needs a password. */
export function needsPassword(parts: UrlParts): boolean {
  return parts.username !== null && (MECHANISMS.get(parameterOf(parts, "authMechanism") ?? "") ?? true);
}

function readUser(userInfo: string | undefined): [string | null, Secret | null] {
  if (userInfo === undefined || userInfo === "") return [null, null];
  const [username = "", ...rest] = userInfo.split(":");
  if (rest.length > 1) throw new SyntaxError(EXPECTED);
  const [password] = rest;
  return [
    decodePart(username),
    password === undefined || password === "" ? null : new Secret(decodePart(password)),
  ];
}

function readParameters(query: string): [string, string][] {
  const parameters = query
    .split("&")
    .filter((each) => each !== "")
    .map((each): [string, string] => {
      const [name = "", ...value] = each.split("=");
      return [decodePart(name), decodePart(value.join("="))];
    });
  const unknown = parameters.find(([name]) => !PARAMETERS.has(name.toLowerCase()))?.[0];
  if (unknown !== undefined)
    throw new SyntaxError(`the parameter ${unknown} is not one that dbacked can use`);
  const mechanism = parameters.find(([name]) => name.toLowerCase() === "authmechanism")?.[1] ?? "";
  if (!MECHANISMS.has(mechanism))
    throw new SyntaxError("authMechanism can be SCRAM-SHA-256, SCRAM-SHA-1, MONGODB-X509 or PLAIN here");
  return parameters;
}
