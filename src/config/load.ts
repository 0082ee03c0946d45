import { DbackedError } from "../base/error.ts";
import type { Config, Need } from "./config.ts";
import { readConfigFile, usualFolders } from "./config-file.ts";
import { readDatabases, readStores } from "./entries.ts";
import { refuseUnknownVariables, setKeys } from "./environment.ts";
import { moveFlat } from "./flat.ts";
import { interpolate } from "./interpolate.ts";
import { hideKeys, readIdentity, readRecipients, readSigning } from "./keys.ts";
import { Mistakes } from "./mistakes.ts";
import { refuseNotYet } from "./not-yet.ts";
import { readPings } from "./ping.ts";
import { warnOpen } from "./secret-file.ts";
import { holdsSecret } from "./secrets.ts";
import { Settings } from "./settings.ts";
import type { Sources } from "./sources.ts";
import { refusePassword } from "./target.ts";
import { readTop } from "./top.ts";

const HOW_TO_START =
  "`dbacked init` asks what it takes, and writes one. Or write /etc/dbacked/config.toml, or ~/.config/dbacked/config.toml for a user who is not root, or name another file with --config or DBACKED_CONFIG; for a single database and a " +
  "bucket variables will do: DBACKED_DB_TYPE, DBACKED_DB_HOST, DBACKED_DB_NAME, DBACKED_S3_BUCKET, DBACKED_PUBLIC_KEY";

/**
 * Puts the three sources together: options of the command line, then the environment, then the file.
 *
 * @throws {DbackedError} `config`, with everything that is wrong, each with its place; `usage`, for a secret in an option.
 */
export async function loadConfig(sources: Sources, needs: readonly Need[]): Promise<Config> {
  const { config, mistakes } = await gather(sources, needs);
  mistakes.throwIfAny();
  // A run with nothing to do would end well.
  if (needs.includes("databases") && config.databases.length === 0)
    throw new Error("no database was read, and no mistake was found");
  return config;
}

/** What the sources say as far as it is right, for whoever looks for mistakes. */
export interface Survey {
  /** Null if nothing could be read at all. */
  config: Config | null;
  failure: DbackedError | null;
}

/** Does what {@link loadConfig} does, and gives what is right besides what is wrong. */
export async function surveyConfig(sources: Sources, needs: readonly Need[]): Promise<Survey> {
  let config: Config | null = null;
  try {
    const gathered = await gather(sources, needs);
    config = gathered.config;
    gathered.mistakes.throwIfAny();
    return { config, failure: null };
  } catch (failure) {
    if (failure instanceof DbackedError) return { config, failure };
    throw failure;
  }
}

async function gather(
  sources: Sources,
  needs: readonly Need[],
): Promise<{ config: Config; mistakes: Mistakes }> {
  const connection = sources.flags?.["dbConnectionString"];
  if (typeof connection === "string")
    refusePassword("--db-connection-string", connection, "DBACKED_DB_PASSWORD");
  const mistakes = new Mistakes();
  const settings = await readSettings(sources, mistakes);
  const top = readTop(settings, mistakes);
  const stores = await readStores(settings, mistakes);
  const databases = await readPings(await readDatabases(settings, mistakes), settings, mistakes);
  const recipients = await readRecipients(settings, needs.includes("recipients"), mistakes);
  const signer = readSigning(settings, mistakes);
  const wantsIdentity = needs.includes("identity") || needs.includes("identity-if-any");
  const { identity, trustedSigners } = await readIdentity(settings, wantsIdentity, mistakes);
  refuseMissing(settings, signer !== null, needs, mistakes);
  const { path, warnings } = settings;
  const keys = { recipients, signer, identity, trustedSigners };
  return { config: { path, ...top, databases, stores, ...keys, warnings }, mistakes };
}

/** Everything that the sources say, each thing where the structured form has it. */
async function readSettings(sources: Sources, mistakes: Mistakes): Promise<Settings> {
  const { environment } = sources;
  const named = sources.file ?? (environment["DBACKED_CONFIG"] || undefined);
  const file = await readConfigFile(named, sources.folders ?? usualFolders(environment), sources.text);
  const settings = new Settings(file);
  if (file !== null && file.isOpen && holdsSecret(file.tree)) {
    settings.warnings.push(warnOpen(file.path, "a secret"));
  }
  const variables = interpolate(settings, environment, mistakes);
  refuseUnknownVariables(environment, variables, mistakes);
  moveFlat(settings, sources, variables, mistakes);
  await setKeys(settings, sources, mistakes);
  hideKeys(settings);
  refuseNotYet(settings, mistakes);
  return settings;
}

/** What a command needs and nobody gave; a part that is there and wrong has been reported. */
function refuseMissing(
  settings: Settings,
  hasSigner: boolean,
  needs: readonly Need[],
  mistakes: Mistakes,
): void {
  // To open a file, a private key is all that it takes.
  if (settings.isEmpty && needs.some((need) => need !== "identity")) {
    mistakes.throwIfAny();
    throw new DbackedError("config", "There is no configuration", { hint: HOW_TO_START });
  }
  const missing: Record<Exclude<Need, "identity-if-any">, string | null> = {
    databases: settings.has("databases")
      ? null
      : "there is no database: add [[databases]], or set DBACKED_DB_TYPE",
    stores: settings.has("stores") ? null : "there is no store: add [[stores]], or set DBACKED_S3_BUCKET",
    recipients: settings.has("encryption")
      ? null
      : "there is no public key to seal backups for: add recipients in [encryption], or set DBACKED_PUBLIC_KEY",
    signer: hasSigner ? null : "there is no file to keep the signing key beside: set DBACKED_SIGNER_KEY",
    identity: settings.has("identity", "privateKey")
      ? null
      : "there is no private key: give --private-key-path, or set DBACKED_PRIVATE_KEY, or privateKey in [identity]",
  };
  for (const need of needs) {
    if (need === "identity-if-any") continue;
    const message = missing[need];
    if (message !== null) mistakes.add(settings.path ?? "environment", message);
  }
}
