import { loadConfig } from "../config/load.ts";
import { selectBackup } from "../catalog/select.ts";
import { readEnvelopeHeader } from "../job/trust.ts";
import { defineCommand } from "./command.ts";
import { printJson } from "./print/json.ts";
import { printShown, shownJson } from "./print/shown.ts";
import { findBackups, readTrusted, SET_OPTIONS } from "./sets.ts";
import { sourcesOf } from "./source.ts";

export const command = defineCommand({
  description:
    "Shows one backup: what its header and its manifest say, who signed it and whether that signer is trusted, and which " +
    "keys open it. Needs no private key.",
  example: "dbacked show 3f9a2c",
  operands: { value: "ID", least: 1, most: 1 },
  options: SET_OPTIONS,
  async run({ args, operands, globals, print, signal }) {
    const config = await loadConfig(sourcesOf(globals), ["stores"]);
    const found = await findBackups(config, args, await readTrusted(config), signal);
    const { backup, store, storeName } = selectBackup(found, operands[0] ?? "");
    const header = await readEnvelopeHeader(store, backup.name, signal);
    const { core, header: digest } = backup.manifest;
    const isOwn = header.core === core && header.digest === digest;
    const doubt = isOwn ? backup.doubt : "damaged: its envelope is another than that of its manifest";
    const shown = { backup: { ...backup, doubt }, store: storeName, header };
    print(globals.json ? printJson(shownJson(shown)) : printShown(shown));
  },
});
