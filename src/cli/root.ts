import type { Group } from "./command.ts";

/** Every command, each loaded only when it is called. */
export const root: Group = {
  description: "Backs up databases, sealed with a public key, whole or not at all, and restores them.",
  example: "dbacked run --once",
  commands: {
    init: {
      summary: "set up backups on this host, question by question",
      load: async () => (await import("./init.ts")).command,
    },
    run: {
      summary: "back up now",
      load: async () => (await import("./run.ts")).command,
    },
    daemon: {
      summary: "stay, and back up each database when it is due",
      load: async () => (await import("./daemon.ts")).command,
    },
    status: {
      summary: "how backups stand: the newest, the next, and what failed",
      load: async () => (await import("./status.ts")).command,
    },
    list: {
      summary: "the backups in a store",
      load: async () => (await import("./list.ts")).command,
    },
    show: {
      summary: "one backup: header, manifest, signature, who can open it",
      load: async () => (await import("./show.ts")).command,
    },
    restore: {
      summary: "restore a backup into a database",
      load: async () => (await import("./restore.ts")).command,
    },
    decrypt: {
      summary: "an envelope to the plain dump; needs no config",
      load: async () => (await import("./decrypt.ts")).command,
    },
    verify: {
      summary: "read backups again, and prove that they are whole",
      load: async () => (await import("./verify.ts")).command,
    },
    prune: {
      summary: "remove the backups that no rule of keep wants",
      load: async () => (await import("./prune.ts")).command,
    },
    copy: {
      summary: "bring a store the backups that another one has",
      load: async () => (await import("./copy.ts")).command,
    },
    tools: {
      summary: "the programs of the databases: which are here, what is missing",
      load: async () => (await import("./tools.ts")).command,
    },
    doctor: {
      summary: "check everything that backups depend on",
      load: async () => (await import("./doctor.ts")).command,
    },
    keygen: {
      summary: "make a key pair and the recovery kit",
      load: async () => (await import("./keygen.ts")).command,
    },
    signer: {
      summary: "this host's signing key",
      load: async () => (await import("./signer.ts")).group,
    },
    man: {
      summary: "print the manual page",
      load: async () => (await import("./man.ts")).command,
    },
    completion: {
      summary: "what makes a shell complete dbacked's command lines",
      load: async () => (await import("./completion.ts")).command,
    },
    upgrade: {
      summary: "put the newest dbacked in the place of this one",
      load: async () => (await import("./upgrade.ts")).command,
    },
    uninstall: {
      summary: "remove this program; keeps config, keys and backups",
      load: async () => (await import("./uninstall.ts")).command,
    },
  },
};
