import type { DumperOption } from "../dumper-options.ts";

const CONNECTION = { refused: "the connection is described by the config" };
const OUTPUT = { refused: "dbacked reads mongodump's archive from its standard output" };
const DATABASE = { refused: "the database is named in the config" };
const WORDS = { refused: "dbacked reads what mongodump says" };
const USERS = { refused: "users and roles belong to a dump of the whole server" };

/** The options of mongodump 100. */
export const MONGODUMP_OPTIONS: readonly DumperOption[] = [
  { long: "uri", takesValue: true, verdict: CONNECTION },
  { long: "config", takesValue: true, verdict: CONNECTION },
  { long: "host", short: "h", takesValue: true, verdict: CONNECTION },
  { long: "port", takesValue: true, verdict: CONNECTION },
  { long: "username", short: "u", takesValue: true, verdict: CONNECTION },
  { long: "password", short: "p", takesValue: true, verdict: CONNECTION },
  { long: "authenticationDatabase", takesValue: true, verdict: CONNECTION },
  { long: "authenticationMechanism", takesValue: true, verdict: CONNECTION },
  { long: "awsSessionToken", takesValue: true, verdict: CONNECTION },
  { long: "gssapiServiceName", takesValue: true, verdict: CONNECTION },
  { long: "gssapiHostName", takesValue: true, verdict: CONNECTION },
  { long: "ssl", verdict: CONNECTION },
  { long: "sslCAFile", takesValue: true, verdict: CONNECTION },
  { long: "sslPEMKeyFile", takesValue: true, verdict: CONNECTION },
  { long: "sslPEMKeyPassword", takesValue: true, verdict: CONNECTION },
  { long: "sslCRLFile", takesValue: true, verdict: CONNECTION },
  { long: "sslFIPSMode", verdict: CONNECTION },
  { long: "sslAllowInvalidCertificates", verdict: CONNECTION },
  { long: "sslAllowInvalidHostnames", verdict: CONNECTION },
  { long: "tlsInsecure", verdict: CONNECTION },
  { long: "db", short: "d", takesValue: true, verdict: DATABASE },
  { long: "out", short: "o", takesValue: true, verdict: OUTPUT },
  { long: "archive", takesValue: true, verdict: OUTPUT },
  { long: "gzip", verdict: { refused: "dbacked compresses the dump itself" } },
  { long: "oplog", verdict: { refused: "dbacked gives it when a whole replica set is dumped" } },
  { long: "dumpDbUsersAndRoles", verdict: USERS },
  {
    long: "viewsAsCollections",
    verdict: { refused: "it leaves out every collection, and dumps views in their place" },
  },
  { long: "verbose", short: "v", verdict: WORDS },
  { long: "quiet", verdict: WORDS },
  { long: "failpoints", takesValue: true, verdict: { refused: "meant for tests of mongodump" } },
  { long: "help", verdict: { refused: "it makes no dump" } },
  { long: "version", verdict: { refused: "it makes no dump" } },

  { long: "collection", short: "c", takesValue: true, verdict: "narrowing" },
  { long: "query", short: "q", takesValue: true, verdict: "narrowing" },
  { long: "queryFile", takesValue: true, verdict: "narrowing" },
  { long: "excludeCollection", takesValue: true, verdict: "narrowing" },
  { long: "excludeCollectionsWithPrefix", takesValue: true, verdict: "narrowing" },

  { long: "readPreference", takesValue: true, verdict: "allowed" },
  { long: "numParallelCollections", short: "j", takesValue: true, verdict: "allowed" },
  { long: "forceTableScan", verdict: "allowed" },
  { long: "dialTimeout", takesValue: true, verdict: "allowed" },
  { long: "socketTimeout", takesValue: true, verdict: "allowed" },
  { long: "serverSelectionTimeout", takesValue: true, verdict: "allowed" },
  { long: "compressors", takesValue: true, verdict: "allowed" },
  { long: "numThreads", takesValue: true, verdict: "allowed" },
];
