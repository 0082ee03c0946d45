import format from "../../docs/format.md" with { type: "text" };
import recovery from "../../docs/recovery.md" with { type: "text" };
import decryptor from "../../scripts/recover/dbacked-decrypt.py" with { type: "text" };
import { DbackedError } from "../base/error.ts";
import { log } from "../base/log.ts";
import type { Secret } from "../base/secret.ts";
import { readSecretFile } from "../config/secret-file.ts";
import { refuseExistingKit, writeRecoveryKit } from "../job/keygen.ts";
import { type Context, defineCommand } from "./command.ts";
import type { Options } from "./option.ts";
import { printJson } from "./print/json.ts";
import { askPassphrase } from "./print/prompt.ts";

const options = {
  out: { kind: "text", value: "DIR", summary: "the folder to write to; nothing in it is overwritten" },
  passphraseFile: { kind: "text", value: "FILE", summary: "a file whose first line is the passphrase" },
  passphrase: { kind: "flag", on: true, summary: "leave the private key in clear" },
} as const satisfies Options;

export const command = defineCommand({
  description:
    "Makes an RSA-4096 key pair and the recovery kit around it. The public key seals backups; only the private key opens " +
    "them, so keep it off the hosts that make backups.",
  example: "dbacked keygen --out /media/usb/dbacked-keys",
  options,
  async run({ args, globals, print, signal }) {
    if (args.out === undefined) throw new DbackedError("usage", "--out is missing: where to write the keys");
    await refuseExistingKit(args.out);
    const kit = await writeRecoveryKit(args.out, await passphraseOf(args, signal), {
      decryptor,
      recovery,
      format,
    });
    print(globals.json ? printJson(kit) : [...kit.files, `fingerprint ${kit.fingerprint}`].join("\n"));
    log.info(
      "Keep this folder off the hosts that make backups, in two places; they need dbacked-public.pem only.",
    );
  },
});

async function passphraseOf(
  args: Context<typeof options>["args"],
  signal: AbortSignal,
): Promise<Secret | null> {
  if (!args.passphrase) {
    if (args.passphraseFile === undefined) return null;
    throw new DbackedError("usage", "--no-passphrase and --passphrase-file exclude each other");
  }
  if (args.passphraseFile !== undefined) return await readSecretFile(args.passphraseFile);
  const instead = "--passphrase-file FILE, or --no-passphrase";
  const first = await askPassphrase({ message: "Passphrase for the private key", instead }, signal);
  const again = await askPassphrase({ message: "The same once more", instead }, signal);
  if (first.reveal() === "") throw new DbackedError("usage", "The passphrase is empty", { hint: instead });
  if (first.reveal() === again.reveal()) return first;
  throw new DbackedError("usage", "The two passphrases differ", {
    hint: "run it again; nothing was written",
  });
}
