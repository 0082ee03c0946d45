import type { DumperOption } from "../dumper-options.ts";

type Spec = Omit<DumperOption, "long" | "verdict">;
type Row = readonly [string, Spec?];

const VALUE: Spec = { takesValue: true };

function all(verdict: DumperOption["verdict"], rows: readonly Row[]): DumperOption[] {
  return rows.map(([long, spec = {}]) => ({ long, ...spec, verdict }));
}

function refused(why: string, rows: readonly Row[]): DumperOption[] {
  return all({ refused: why }, rows);
}

/**
 * The options of mysqldump 5.7 to 9 and of mariadb-dump 10 to 12. An option with an optional value takes it only after
 * `=`; such options are refused here, so that none needs to be told apart.
 */
export const DUMP_OPTIONS: readonly DumperOption[] = [
  ...refused("the connection is described by the config", [
    ["host", { ...VALUE, short: "h" }],
    ["port", { ...VALUE, short: "P" }],
    ["user", { ...VALUE, short: "u" }],
    ["password", { short: "p", aliases: ["password1", "password2", "password3"] }],
    ["socket", { ...VALUE, short: "S" }],
    ["protocol", VALUE],
    ["bind-address", VALUE],
    ["default-auth", VALUE],
    ["plugin-dir", VALUE],
    ["enable-cleartext-plugin"],
    ["server-public-key-path", VALUE],
    ["get-server-public-key"],
    ["ssl", { aliases: ["skip-ssl", "ssl-verify-server-cert", "skip-ssl-verify-server-cert"] }],
    ["ssl-mode", { ...VALUE, aliases: ["ssl-ca", "ssl-capath", "ssl-cert", "ssl-cipher", "ssl-key"] }],
    ["ssl-fp", { ...VALUE, aliases: ["ssl-fplist"] }],
    ["ssl-crl", { ...VALUE, aliases: ["ssl-crlpath", "ssl-fips-mode", "ssl-session-data"] }],
    ["tls-version", { ...VALUE, aliases: ["tls-ciphersuites", "tls-sni-servername"] }],
    ["ssl-session-data-continue-on-failed-reuse"],
  ]),
  ...refused("only our own option file is read", [
    ["defaults-file", { ...VALUE, aliases: ["defaults-extra-file", "defaults-group-suffix", "login-path"] }],
    ["no-defaults", { aliases: ["print-defaults", "no-login-paths"] }],
  ]),
  ...refused("dbacked reads SQL from the program's standard output", [
    ["result-file", { ...VALUE, short: "r" }],
    ["tab", { ...VALUE, short: "T" }],
    ["xml", { short: "X" }],
    ["dir", VALUE],
    ["parallel", { ...VALUE, aliases: ["use-threads"] }],
    ["fields-terminated-by", { ...VALUE, aliases: ["fields-enclosed-by", "fields-optionally-enclosed-by"] }],
    ["fields-escaped-by", { ...VALUE, aliases: ["lines-terminated-by"] }],
    ["header"],
  ]),
  ...refused("a backup is of one database, and names none, so that it can be restored into another", [
    ["all-databases", { short: "A" }],
    ["databases", { short: "B" }],
    ["tables"],
    ["add-drop-database", { aliases: ["no-create-db"] }],
    ["ignore-database", VALUE],
    ["system", VALUE],
    ["users", { aliases: ["add-drop-user", "flush-privileges"] }],
    ["include-user", { ...VALUE, aliases: ["exclude-user"] }],
  ]),
  ...refused("it hides errors", [
    ["force", { short: "f" }],
    ["ignore-error", VALUE],
    ["log-error", VALUE],
    ["insert-ignore"],
    ["replace"],
    ["delayed-insert"],
  ]),
  ...refused("dbacked would not know any more whether the dump is whole", [
    ["compact"],
    ["skip-comments"],
    ["comments", { short: "i" }],
    ["skip-opt", { aliases: ["opt"] }],
    ["skip-quote-names", { aliases: ["quote-names"] }],
    ["compatible", VALUE],
    ["output-as-version", VALUE],
  ]),
  ...refused("dbacked sets it", [
    ["single-transaction", { aliases: ["skip-single-transaction"] }],
    ["quick", { short: "q", aliases: ["skip-quick"] }],
    ["hex-blob", { aliases: ["skip-hex-blob"] }],
    ["max-allowed-packet", VALUE],
    ["default-character-set", { ...VALUE, aliases: ["character-sets-dir"] }],
    ["set-charset", { aliases: ["skip-set-charset", "no-set-names"], short: "N" }],
    ["set-gtid-purged", VALUE],
    ["column-statistics", { aliases: ["skip-column-statistics"] }],
    ["tz-utc", { aliases: ["skip-tz-utc"] }],
    ["dump-date", { aliases: ["skip-dump-date"] }],
    ["copy-s3-tables", VALUE],
    ["dump-history", { short: "H", aliases: ["update-history"] }],
    ["extended-insert", { short: "e" }],
    ["tablespaces", { aliases: ["all-tablespaces"], short: "Y" }],
    [
      "masking-policies",
      { aliases: ["skip-masking-policies", "add-drop-masking-policy", "skip-add-drop-masking-policy"] },
    ],
  ]),
  ...refused("the config has it: lockTables = true", [
    ["lock-tables", { short: "l" }],
    ["lock-all-tables", { short: "x" }],
  ]),
  ...refused("it changes or stops the server", [
    ["flush-logs", { short: "F" }],
    ["delete-master-logs", { aliases: ["delete-source-logs"] }],
    ["dump-slave", { aliases: ["dump-replica", "apply-slave-statements", "apply-replica-statements"] }],
    ["master-data", { aliases: ["source-data", "gtid"] }],
    ["include-master-host-port", { aliases: ["include-source-host-port", "galera-info"] }],
    ["init-command", { ...VALUE, aliases: ["init-command-add"] }],
    ["log-queries"],
  ]),
  ...refused("it makes no dump", [
    ["help", { short: "?" }],
    ["version", { short: "V" }],
    ["debug", { short: "#", aliases: ["debug-check", "debug-info"] }],
  ]),
  ...refused("the dump would be of another moment", [["as-of", VALUE]]),

  ...all("narrowing", [
    ["no-data", { short: "d" }],
    ["no-create-info", { short: "t" }],
    ["ignore-table", VALUE],
    ["ignore-table-data", VALUE],
    ["ignore-views"],
    ["where", { ...VALUE, short: "w" }],
    ["skip-routines"],
    ["skip-events"],
    ["skip-triggers"],
    ["skip-create-options"],
    ["skip-generated-invisible-primary-key"],
    ["show-create-table-skip-secondary-engine"],
  ]),

  ...all("allowed", [
    ["routines", { short: "R" }],
    ["events", { short: "E" }],
    ["triggers"],
    ["skip-extended-insert"],
    ["complete-insert", { short: "c" }],
    ["create-options", { short: "a" }],
    ["no-tablespaces", { short: "y" }],
    ["add-drop-table", { aliases: ["skip-add-drop-table"] }],
    ["add-drop-trigger"],
    ["add-locks"],
    ["skip-add-locks"],
    ["allow-keywords"],
    ["disable-keys", { short: "K" }],
    ["skip-disable-keys"],
    ["no-autocommit"],
    ["order-by-primary"],
    ["order-by-size"],
    ["net-buffer-length", VALUE],
    ["max-statement-time", VALUE],
    ["mysqld-long-query-time", VALUE],
    ["network-timeout", { short: "M" }],
    ["no-data-med"],
    ["compress", { short: "C" }],
    ["compression-algorithms", VALUE],
    ["zstd-compression-level", VALUE],
    ["verbose", { short: "v" }],
  ]),
];
