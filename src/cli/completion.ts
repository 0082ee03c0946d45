import { DbackedError } from "../base/error.ts";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { defineCommand } from "./command.ts";
import { type ConfigNames, offer } from "./offer.ts";
import { root } from "./root.ts";
import bash from "./shell/completion.bash" with { type: "text" };
import fish from "./shell/completion.fish" with { type: "text" };
import zsh from "./shell/completion.zsh" with { type: "text" };
import { sourcesOf } from "./source.ts";

const SCRIPTS: Readonly<Record<string, string>> = { bash, zsh, fish };

const SHELLS = Object.keys(SCRIPTS);

export const command = defineCommand({
  description:
    "Prints a script that makes a shell complete command lines of dbacked: commands, options, paths, and the names of the " +
    "config. SHELL is bash, zsh or fish.",
  example: "dbacked completion bash > /etc/bash_completion.d/dbacked",
  operands: { value: "SHELL", least: 0, most: 1, offers: SHELLS },
  // What the scripts call: the words of a command line come by stdin, one a line, the unfinished one last.
  options: { offer: { kind: "flag", summary: "" } },
  async run({ args, operands, globals, print }) {
    if (args.offer) return print(await answer(await Bun.stdin.text()));
    if (globals.json) throw new DbackedError("usage", "--json cannot be used here: a script is no JSON");
    print(scriptFor(operands[0]).trimEnd());
  },
});

function scriptFor(shell: string | undefined): string {
  const script = SCRIPTS[shell ?? ""];
  if (script !== undefined) return script;
  const shells = SHELLS.join(", ");
  const message =
    shell === undefined ? "SHELL is missing" : `there is no script for ${JSON.stringify(shell)}`;
  throw new DbackedError("usage", message, { hint: `one of ${shells}` });
}

/** What the scripts read: the kind of what is offered, then a word and its summary in each line. */
async function answer(input: string): Promise<string> {
  const { kind, words } = await offer(root, input.replace(/\n$/, "").split("\n"), namesOf);
  return [kind, ...words.map(({ text, summary }) => `${text}\t${summary}`)].join("\n");
}

/** No server and no store is asked, and of a config that cannot be read nothing is said. */
const namesOf: ConfigNames = async (of, config) => {
  const { databases, stores }: Pick<Config, "databases" | "stores"> = await loadConfig(
    sourcesOf({ config }),
    [],
  ).catch(() => ({ databases: [], stores: [] }));
  return (of === "databases" ? databases : stores).map(({ name }) => name);
};
