import type { Sources } from "../config/sources.ts";
import type { Globals } from "./command.ts";

/** What a command's configuration is made from, given what its own options add. */
export function sourcesOf({ config }: Pick<Globals, "config">, options: Partial<Sources> = {}): Sources {
  return { environment: process.env, file: config, ...options };
}
