import { version } from "../../package.json";
import { DbackedError } from "../base/error.ts";
import { defineCommand } from "./command.ts";
import { printManual } from "./manual.ts";
import { root } from "./root.ts";

export const command = defineCommand({
  description:
    "Prints the manual page, every command and option in it, for man: into a file of a folder where man looks, or on to " +
    "`man -l -`.",
  example: "dbacked man | man -l -",
  options: {},
  async run({ globals, print }) {
    if (globals.json) throw new DbackedError("usage", "--json cannot be used here: a manual page is no JSON");
    print(await printManual(root, "dbacked", version));
  },
});
