import { quoteForSystemd, requireOneLine } from "./quote.ts";

/** Where the unit of the only agent of a host belongs. Mode 0644; `systemctl daemon-reload` afterwards. */
export const UNIT_FILE = "/etc/systemd/system/dbacked.service";

/** What a unit says besides what all of them do. */
export interface Unit {
  /** The whole path of the program. */
  program: string;
  /** The whole path of the config file; null if the environment says everything. */
  config: string | null;
  /** A file of `NAME=value` lines, mode 0600, that becomes the environment; null for none. */
  environmentFile: string | null;
  /** Who runs it. The config is for root's eyes, and so are most SQLite files: root, unless the user wants somebody else. */
  user: string;
  /** Name of the agent; null for the only one. */
  name: string | null;
  /**
   * Whole paths of the folders that it writes to besides its own state. All the rest of the file system is read-only.
   */
  writes: readonly string[];
}

/** Of root's capabilities those that SQLite files of other users need: to read them, and to give their journals back to them. */
const CAPABILITIES_OF_ROOT = "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER";

/** How often, in seconds, systemd hears of the agent's loop before it kills it. */
const WATCHDOG_S = 120;

/** The agent gives a backup 30 s to end, and then tells the store that its lease is over. */
const STOP_S = 60;

/**
 * Writes the systemd unit of an agent.
 *
 * @throws {DbackedError} `usage`, if something in it cannot stand in a unit.
 */
export function unitText(unit: Unit): string {
  return [
    "# Written by dbacked. What you change with `systemctl edit dbacked` stays.",
    ...section("Unit", {
      Description: "dbacked: backs up databases by their schedules",
      Wants: "network-online.target",
      // A database that starts together with the host is to be there first.
      After: "network-online.target postgresql.service mysql.service mariadb.service mongod.service",
    }),
    "",
    ...section("Service", { ...lifeOf(unit), ...HARDENING, ...reachOf(unit) }),
    "",
    ...section("Install", { WantedBy: "multi-user.target" }),
    "",
  ].join("\n");
}

function lifeOf({ program, config, environmentFile, name, user }: Unit): Record<string, string> {
  const argv = [
    program,
    "daemon",
    ...(name === null ? [] : ["--name", name]),
    ...(config === null ? [] : ["--config", config]),
  ];
  return {
    Type: "notify",
    NotifyAccess: "main",
    ...(environmentFile === null ? {} : { EnvironmentFile: quoteForSystemd("path", environmentFile) }),
    ExecStart: argv.map((word) => quoteForSystemd("command", word)).join(" "),
    // The shell's own `kill`: a small system has no /bin/kill.
    ExecReload: '/bin/sh -c "kill -HUP $$MAINPID"',
    User: requireOneLine(user),
    Restart: "on-failure",
    RestartSec: "30",
    // A wrong command line or config is not mended by trying again.
    RestartPreventExitStatus: "2 3",
    SuccessExitStatus: "143",
    WatchdogSec: String(WATCHDOG_S),
    // The agent itself ends the backups that are under way, and what they have started.
    KillMode: "mixed",
    TimeoutStopSec: String(STOP_S),
  };
}

/**
 * Not MemoryDenyWriteExecute: it takes the just-in-time compiler away, and with it what tells systemd that we are ready. Not
 * ProtectProc: another run that cannot be seen would be taken for dead, and its lease for over.
 */
const HARDENING = {
  UMask: "0077",
  NoNewPrivileges: "yes",
  ProtectSystem: "strict",
  // ~/.pgpass and ~/.aws are read.
  ProtectHome: "read-only",
  PrivateDevices: "yes",
  ProtectClock: "yes",
  ProtectControlGroups: "yes",
  ProtectHostname: "yes",
  ProtectKernelLogs: "yes",
  ProtectKernelModules: "yes",
  ProtectKernelTunables: "yes",
  LockPersonality: "yes",
  RestrictAddressFamilies: "AF_UNIX AF_INET AF_INET6",
  RestrictNamespaces: "yes",
  RestrictRealtime: "yes",
  RestrictSUIDSGID: "yes",
  SystemCallArchitectures: "native",
  SystemCallFilter: "@system-service",
  SystemCallErrorNumber: "EPERM",
};

/** What it may reach. */
function reachOf({ user, writes }: Unit): Record<string, string> {
  const isTemporary = writes.some((path) => /^\/(?:var\/)?tmp(?:\/|$)/.test(path));
  // With the minus, a folder that is not there is our own error, which says what is missing.
  const paths = writes.map((path) => quoteForSystemd("path", `-${path}`));
  return {
    CapabilityBoundingSet: user === "root" ? CAPABILITIES_OF_ROOT : "",
    PrivateTmp: isTemporary ? "no" : "yes",
    StateDirectory: "dbacked",
    StateDirectoryMode: "0700",
    ...(paths.length === 0 ? {} : { ReadWritePaths: paths.join(" ") }),
  };
}

function section(name: string, settings: Readonly<Record<string, string>>): string[] {
  return [`[${name}]`, ...Object.entries(settings).map(([key, value]) => `${key}=${value}`)];
}
