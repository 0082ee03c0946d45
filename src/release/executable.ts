import { access, constants, realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { DbackedError } from "../base/error.ts";
import { cleanEnvironment } from "../tool/environment.ts";
import { readOutput } from "../tool/run.ts";
import { writeFailure } from "./stage.ts";

/** Where a compiled program finds its sources. */
const INSIDE = "/$bunfs/";

/** How long a package manager may look, in ms. */
const OWNER_MS = 30_000;

/** Asks each package manager whose a file is: it exits with 0 only if the file is one of its own. */
const OWNERS = [
  ["dpkg", "-S"],
  ["rpm", "-qf"],
  ["apk", "info", "--who-owns"],
  ["pacman", "-Qo"],
] as const;

/** Package managers that have places of their own. */
const OWNED_PLACES = [
  ["brew", "/Cellar/"],
  ["nix", "/nix/store/"],
] as const;

/**
 * The file of this very program.
 *
 * @throws {DbackedError} `target`, if the program is no file of its own.
 */
export async function ownExecutable(): Promise<string> {
  if (Bun.main.startsWith(INSIDE)) return await realpath(process.execPath);
  throw new DbackedError("target", "This is no installed dbacked: Bun runs its sources", {
    hint: "build a program of it: bun run build",
  });
}

/**
 * Refuses a program that is not ours to replace or remove: a package manager put it there, or we may not write there.
 *
 * @throws {DbackedError} `target`
 */
export async function checkOurs(executable: string, signal: AbortSignal): Promise<void> {
  const owner = await ownerOf(executable, signal);
  if (owner !== null)
    throw new DbackedError("target", `${executable} was installed by ${owner}`, {
      hint: `upgrade and remove it with ${owner}`,
    });
  await access(dirname(executable), constants.W_OK).catch((cause: unknown) => {
    throw writeFailure(executable, cause);
  });
}

/** The package manager that put a file where it is; null if none did. */
async function ownerOf(executable: string, signal: AbortSignal): Promise<string | null> {
  const place = OWNED_PLACES.find(([, folder]) => executable.includes(folder));
  if (place !== undefined) return place[0];
  const PATH = cleanEnvironment()["PATH"] ?? "";
  for (const [program, ...args] of OWNERS) {
    if (Bun.which(program, { PATH }) === null) continue;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(OWNER_MS)]);
    const owns = readOutput({ argv: [program, ...args, executable] }, limit).then(
      () => true,
      () => false,
    );
    if (await owns) return program;
    signal.throwIfAborted();
  }
  return null;
}
