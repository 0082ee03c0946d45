import type { Group } from "./command.ts";

export const group: Group = {
  description:
    "This host's signing key. Every backup is signed by it, and a restore accepts only signers that it trusts.",
  example: "dbacked signer show",
  commands: {
    new: {
      summary: "make a new signing key",
      load: async () => (await import("./signer-new.ts")).command,
    },
    show: {
      summary: "print its public key, the line for trustedSigners",
      load: async () => (await import("./signer-show.ts")).command,
    },
  },
};
