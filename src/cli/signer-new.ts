import { log } from "../base/log.ts";
import { loadConfig } from "../config/load.ts";
import { makeSigner } from "../job/signer.ts";
import { defineCommand } from "./command.ts";
import { printJson } from "./print/json.ts";
import { requireSignerFile } from "./signer-file.ts";
import { sourcesOf } from "./source.ts";

export const command = defineCommand({
  description:
    "Makes a signing key where the config wants it (signer.pem beside it, unless [signing] keyFile says otherwise), and prints " +
    "its public key. An existing key is not replaced: move it away first.",
  example: "dbacked signer new",
  options: {},
  async run({ globals, print }) {
    const file = requireSignerFile(await loadConfig(sourcesOf(globals), ["signer"]));
    const { text } = await makeSigner(file);
    log.info(`Made ${file}; where you restore, add its public key to trustedSigners.`);
    print(globals.json ? printJson({ file, signer: text }) : text);
  },
});
