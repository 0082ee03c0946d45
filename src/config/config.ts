import type { Secret } from "../base/secret.ts";
import type { Retention } from "../catalog/retention/judge.ts";
import type { Codec } from "../compress/codec.ts";
import type { Database, Instance } from "../database/database.ts";
import type { Hooks } from "../notify/hook.ts";
import type { ReadBack } from "../job/read-back.ts";
import type { Schedule } from "../schedule/schedule.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import type { Store } from "../store/store.ts";

/** Everything that the sources say together, checked and ready. Secrets are `Secret`s, and keys are texts. */
export interface Config {
  /** The file that was read; null if the environment and the options said all. */
  path: string | null;
  /** What backups say of the host that made them; null for the host's own name. */
  agentId: string | null;
  /** Whether `run` leaves the terminal, and goes on in the background. */
  daemon: boolean;
  /** What the agent is called, if there are several on a host. */
  daemonName: string | null;
  databases: readonly DatabaseConfig[];
  stores: readonly StoreConfig[];
  /** Empty unless the command needs recipients. */
  recipients: readonly RecipientConfig[];
  /** Null if there is neither a config file nor DBACKED_SIGNER_KEY. */
  signer: SignerConfig | null;
  /** Null unless the command needs the private key. */
  identity: IdentityConfig | null;
  trustedSigners: readonly TrustedSigner[];
  /** For the user: what is allowed and yet not advised. */
  warnings: readonly string[];
}

/** One of `[[databases]]`: a database or, with `database = "*"`, all of a server. */
export interface DatabaseConfig extends Target {
  name: string;
  /** Null for one database. Where it is a server, there is none to open here. */
  server: ServerConfig | null;
  /** Names of the stores that its backups go to, in the order of the config; none if it has no stores and the command needs none. */
  stores: readonly string[];
  compression: Codec;
  /** Makes a backup although something is missing from it. */
  acceptIncomplete: boolean;
  /** How long, in ms, a backup may stand still. */
  stallMs: number;
  /** How long, in ms, a run that shows no sign of life keeps others from backing it up. */
  leaseMs: number;
  /** When it is backed up by itself; null if it is not. */
  schedule: Schedule | null;
  /** What is kept of its backups; null if all of them are. */
  retention: Retention | null;
  pruneAfterBackup: boolean;
  /** Who is told that a backup began, is good or failed; null if nobody is. */
  pingUrl: Secret | null;
  /** Commands around each backup; null if there are none. */
  hooks: Hooks | null;
  /** Where a file for Prometheus is written after each run; null if none is. */
  metricsDirectory: string | null;
}

/** A whole server, and which of its databases are meant. */
interface ServerConfig {
  instance: Instance;
  /** Patterns for names of databases; null for all. */
  include: readonly string[] | null;
  exclude: readonly string[];
}

/** A database to dump, or to restore into. */
export interface Target {
  type: string;
  /** What the driver's schema made of the options. */
  options: unknown;
  /** Nothing is asked of the database yet. */
  open: () => Promise<Database>;
}

/** One of `[[stores]]`. */
export interface StoreConfig {
  name: string;
  type: string;
  /** How much of a new backup is read again. */
  readBack: ReadBack;
  options: unknown;
  /** Nothing is asked of the store yet. */
  open: () => Promise<Store>;
}

/** A public key that can open every backup. */
export interface RecipientConfig {
  /** Where the key is from, for messages. */
  from: string;
  pem: string;
  /** False for keys of services that know no OAEP labels. */
  label: boolean;
}

/** The host's signing key: a file, which may not be there yet, or the key itself. */
export type SignerConfig = { file: string } | { pem: Secret };

/** The private key that opens backups. */
export interface IdentityConfig {
  /** Where the key is from, for messages. */
  from: string;
  pem: Secret;
  /** Null if it must be asked for, should the key be protected. */
  passphrase: Secret | null;
}

/**
 * What a command cannot do without. A part that is needed and not there is a mistake like others; with `-if-any` it is only
 * read if it is there.
 */
export type Need = "databases" | "stores" | "recipients" | "signer" | "identity" | "identity-if-any";
