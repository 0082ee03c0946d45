import { requireProgram, runProgram } from "./service.ts";

/**
 * Database servers refuse to run as root: gives the folder to `user`, or to nobody if there is no such user, and gives
 * the words that run a program as him. He may read everything, since the program may lie where only root can look.
 */
export async function dropPrivileges(folder: string, user: string): Promise<readonly string[]> {
  if (process.getuid?.() !== 0) return [];
  const users = await Bun.file("/etc/passwd").text();
  const name = users.includes(`\n${user}:`) ? user : "nobody";
  const group = (await runProgram(["id", "-gn", name])).trim();
  await runProgram(["chown", `${name}:${group}`, folder]);
  const setpriv = requireProgram("setpriv", "util-linux");
  // access(), which initdb asks first, would forget the capability without that bit.
  const capabilities = [
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
    "--securebits=+no_setuid_fixup",
  ];
  return [setpriv, `--reuid=${name}`, `--regid=${group}`, "--clear-groups", ...capabilities, "--"];
}
