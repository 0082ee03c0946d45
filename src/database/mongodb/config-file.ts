import type { Connection } from "./connection.ts";

/** The file that MongoDB's tools take their connection from: no argument and no variable of theirs holds a secret. */
export function configFileOf({ uri }: Connection): string {
  // What JSON quotes, YAML understands.
  return `uri: ${JSON.stringify(uri.reveal())}\n`;
}
