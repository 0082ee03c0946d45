import { DbackedError } from "../base/error.ts";
import { loadConfig } from "../config/load.ts";
import { readSignerFile } from "../job/signer.ts";
import { readSigner } from "../seal/signer.ts";
import { defineCommand } from "./command.ts";
import { printJson } from "./print/json.ts";
import { requireSignerFile } from "./signer-file.ts";
import { sourcesOf } from "./source.ts";

export const command = defineCommand({
  description: "Prints the public key of this host's signer, as trustedSigners takes it.",
  example: "dbacked signer show",
  options: {},
  async run({ globals, print }) {
    const config = await loadConfig(sourcesOf(globals), ["signer"]);
    const { signer } = config;
    const key =
      signer !== null && "pem" in signer
        ? await readSigner(signer.pem.reveal())
        : await readSignerFile(requireSignerFile(config));
    if (key === null) {
      throw new DbackedError("key", `There is no signing key ${requireSignerFile(config)} yet`, {
        hint: "the first backup makes one, and so does `dbacked signer new`",
      });
    }
    print(globals.json ? printJson({ signer: key.text }) : key.text);
  },
});
