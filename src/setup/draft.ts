import { DbackedError } from "../base/error.ts";
import type { Config, Need } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { type Answers, configText } from "./answers.ts";

/**
 * What the config will mean that these answers make, `file` being where it is to be. No variable has a part in it.
 *
 * @throws {DbackedError} `config`, without places, since there is no file to look into yet.
 */
export async function loadDraft(
  file: string,
  answers: Partial<Answers>,
  needs: readonly Need[],
): Promise<Config> {
  try {
    return await loadConfig({ environment: {}, file, text: configText(answers) }, needs);
  } catch (error) {
    if (!(error instanceof DbackedError) || error.kind !== "config") throw error;
    throw new DbackedError("config", withoutPlaces(error.message, file), { hint: error.hint, cause: error });
  }
}

function withoutPlaces(message: string, file: string): string {
  const lines = message.split("\n").map((line) => {
    const rest = line.startsWith(`${file}:`) ? line.slice(file.length + 1).replace(/^\d+: /, "") : line;
    return rest.replace(/^\[\[\w+\]\]: /, "");
  });
  return lines.join("\n");
}
