import type { Config } from "../config/config.ts";

/** What a connection of dbacked's own goes by. */
const OF_NETWORK = /^(?:https?_proxy|no_proxy|ssl_cert_(?:file|dir)|node_extra_ca_certs)$/i;

/** What Amazon's own chain of settings reads. */
const OF_AMAZON =
  /^AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|(?:DEFAULT_)?PROFILE|(?:DEFAULT_)?REGION|CONFIG_FILE|SHARED_CREDENTIALS_FILE|WEB_IDENTITY_TOKEN_FILE|ROLE_ARN|CONTAINER_\w+|ENDPOINT_URL\w*|CA_BUNDLE)$/;

/** What a backup by this config obeys and no file holds: neither systemd nor cron hands on what a shell has set. */
export function notHandedOn(
  { stores }: Pick<Config, "stores">,
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  const usesAmazon = stores.some(({ type }) => type === "s3");
  const isObeyed = (name: string): boolean =>
    name === "DBACKED_SIGNER_KEY" || OF_NETWORK.test(name) || (usesAmazon && OF_AMAZON.test(name));
  return Object.keys(environment)
    .filter((name) => isObeyed(name) && (environment[name] ?? "") !== "")
    .toSorted();
}
