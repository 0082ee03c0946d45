/** The variables of the process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a configuration is made from. */
export interface Sources {
  environment: Environment;
  /** `--config`. */
  file?: string | undefined;
  /** What stands in `file`, if it was read already. */
  text?: string | undefined;
  /** Names of 2018 that were given as options: `dbType`, not `db-type`. */
  flags?: Readonly<Record<string, string | boolean>> | undefined;
  /** `--private-key-path`. */
  privateKeyPath?: string | undefined;
  /** `--passphrase-file`. */
  passphraseFile?: string | undefined;
  /** Where config.toml or config.json is looked for, one after another. @default those that are usual for this user */
  folders?: readonly string[] | undefined;
}
