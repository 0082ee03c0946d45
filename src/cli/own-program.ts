import { spell } from "../config/flat-names.ts";
import type { Sources } from "../config/sources.ts";

/** How this program is started again. */
export function ownProgram(): string[] {
  return Bun.main.startsWith("/$bunfs/") ? [process.execPath] : [process.execPath, Bun.main];
}

/** The flat options that we were given ourselves, for a process of ours, which stays where it is. */
export function flagsOf({ flags = {} }: Sources): string[] {
  return Object.entries(flags).flatMap(([name, value]) => {
    if (name === "daemon") return [];
    return value === true ? [`--${spell(name)}`] : [`--${spell(name)}=${String(value)}`];
  });
}
