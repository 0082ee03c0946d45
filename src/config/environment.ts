import { Secret } from "../base/secret.ts";
import { FACT_VARIABLES, HOOK_VARIABLE } from "../notify/hook.ts";
import { FLAT_NAMES, variableOf } from "./flat-names.ts";
import type { Mistakes } from "./mistakes.ts";
import { didYouMean } from "./nearest.ts";
import { tryReadSecret, warnOpen } from "./secret-file.ts";
import type { Settings } from "./settings.ts";
import type { Environment, Sources } from "./sources.ts";

/** Variables besides those of the flat names. */
const OTHER_VARIABLES = [
  "DBACKED_CONFIG",
  "DBACKED_DOWNLOAD_URL",
  "DBACKED_PRIVATE_KEY",
  "DBACKED_PRIVATE_KEY_PASSPHRASE",
  "DBACKED_PRIVATE_KEY_PASSPHRASE_FILE",
  "DBACKED_SIGNER_KEY",
  "DBACKED_TO_PASSWORD",
  "DBACKED_TO_PASSWORD_FILE",
] as const;

/** What Kubernetes sets in every container when a service has the name `dbacked`. */
const OF_KUBERNETES = /^DBACKED_(?:SERVICE_HOST|(?:SERVICE_)?PORT)(?:_|$)/;

/**
 * Refuses variables that look like ours and are none.
 *
 * @param named - variables that the file itself names.
 */
export function refuseUnknownVariables(
  environment: Environment,
  named: ReadonlySet<string>,
  mistakes: Mistakes,
): void {
  // A command of ours that calls us has what we told it.
  const ours = isGiven(environment[HOOK_VARIABLE]) ? [HOOK_VARIABLE, ...FACT_VARIABLES] : [];
  const known = new Set<string>([...OTHER_VARIABLES, ...ours, ...Object.keys(FLAT_NAMES).map(variableOf)]);
  for (const variable of Object.keys(environment)) {
    if (!variable.startsWith("DBACKED_") || known.has(variable) || named.has(variable)) continue;
    if (!OF_KUBERNETES.test(variable))
      mistakes.add(variable, `unknown variable${didYouMean(variable, known)}`);
  }
}

/** Lets the keys of the environment and of options take the place of those in the file. */
export async function setKeys(settings: Settings, sources: Sources, mistakes: Mistakes): Promise<void> {
  const { DBACKED_PRIVATE_KEY: privateKey, DBACKED_SIGNER_KEY: signerKey } = sources.environment;
  if (isGiven(privateKey))
    settings.setIn("identity", "privateKey", privateKey, fromOutside("DBACKED_PRIVATE_KEY"));
  if (isGiven(signerKey)) settings.setIn("signing", "keyFile", signerKey, fromOutside("DBACKED_SIGNER_KEY"));
  if (sources.privateKeyPath !== undefined)
    settings.setIn("identity", "privateKey", sources.privateKeyPath, fromOutside("--private-key-path"));
  const passphrase =
    sources.passphraseFile === undefined
      ? await readSecretVariable("DBACKED_PRIVATE_KEY_PASSPHRASE", sources.environment)
      : await readFile("--passphrase-file", sources.passphraseFile);
  if (passphrase === null) return;
  const origin = fromOutside(passphrase.place);
  if ("mistake" in passphrase) return mistakes.add(passphrase.place, passphrase.mistake);
  settings.setIn("identity", "passphrase", passphrase.secret, origin);
  if (passphrase.openFile !== undefined)
    settings.warnings.push(warnOpen(passphrase.openFile, "a passphrase"));
}

type VariableSecret = { place: string } & (
  | {
      secret: Secret;
      /** The file that it is from, if every user of this host may read that. */
      openFile?: string;
    }
  | { mistake: string }
);

/** Reads a secret from a variable, or from the file that its `_FILE` twin names; null if neither is set. */
export async function readSecretVariable(
  name: string,
  environment: Environment,
): Promise<VariableSecret | null> {
  const value = environment[name];
  const file = environment[`${name}_FILE`];
  if (isGiven(value) && isGiven(file))
    return { place: `${name}_FILE`, mistake: `${name} is set too; keep one of them` };
  if (isGiven(value)) return { place: name, secret: new Secret(value) };
  return isGiven(file) ? await readFile(`${name}_FILE`, file) : null;
}

async function readFile(place: string, file: string): Promise<VariableSecret> {
  const read = await tryReadSecret(file);
  if (typeof read === "string") return { place, mistake: read };
  return { place, secret: read.secret, ...(read.isOpen ? { openFile: file } : {}) };
}

function fromOutside(place: string): { place: string; isFile: boolean } {
  return { place, isFile: false };
}

/** An empty variable is one that is not set. */
function isGiven(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}
