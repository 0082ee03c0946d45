import type { Given } from "../../setup/given.ts";
import type { Globals } from "../command.ts";

/** What every question knows. */
export interface Scene {
  /** Where the config is to be. */
  file: string;
  given: Given;
  globals: Globals;
  signal: AbortSignal;
}

/** How a question is answered where there is no terminal. */
export const INSTEAD = "-y, with options and variables as `dbacked init --help` names them";
