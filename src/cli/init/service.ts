import { DbackedError } from "../../base/error.ts";
import { log } from "../../base/log.ts";
import { writeNew } from "../../job/signer.ts";
import { ownExecutable } from "../../release/executable.ts";
import { crontabLine, requireService, type Service, serviceFile, servicesHere } from "../../setup/service.ts";
import { readOutput } from "../../tool/run.ts";
import { type Choice, choose, tell } from "../print/prompt.ts";
import { printError } from "../print/error.ts";
import { complain, logForm } from "../terminal.ts";
import { INSTEAD, type Scene } from "./scene.ts";

type Caller = Omit<Parameters<typeof serviceFile>[1], "program">;

const LABELS = {
  systemd: {
    value: "systemd",
    label: "systemd",
    hint: "a service that stays, and tries again after a failure",
  },
  cron: { value: "cron", label: "cron", hint: "an entry in /etc/cron.d" },
} as const;

const COMMANDS = [
  ["systemctl", "daemon-reload"],
  ["systemctl", "enable", "--now", "dbacked"],
] as const;

/** How long systemd may take, in ms. */
const SYSTEMD_MS = 60_000;

/** Asks what makes the backups from now on. */
export async function askService(
  caller: Caller,
  { globals, signal }: Pick<Scene, "globals" | "signal">,
): Promise<string | null> {
  const here = await servicesHere(isRoot());
  if (here.length === 0) {
    await tellByHand(caller);
    return null;
  }
  const choices: Choice<Service | null>[] = [
    ...here.map((value) => LABELS[value]),
    { value: null, label: "Nothing yet", hint: "a container, or something else, is to call dbacked" },
  ];
  const service = await choose({ message: "What makes the next ones?", instead: INSTEAD }, choices, signal);
  try {
    if (service !== null) return await installService(service, caller, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof DbackedError)) throw error;
    complain(printError(error, { form: logForm(globals), verbose: globals.verbose }));
  }
  await tellByHand(caller);
  return null;
}

/** Whether this user may set up what calls the program. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * Writes the unit, or the entry of cron, and starts it.
 *
 * @throws {DbackedError} `target`, if it is there already or cannot be written, or systemd does not start it.
 */
export async function installService(service: Service, caller: Caller, signal: AbortSignal): Promise<string> {
  const { path, text } = await serviceFile(service, { ...caller, program: await ownExecutable() });
  await requireService(service, isRoot());
  try {
    await writeNew(path, text, 0o644);
  } catch (cause) {
    if (!(cause instanceof DbackedError)) throw cause;
    throw new DbackedError("target", cause.message, { cause });
  }
  if (service === "systemd") for (const argv of COMMANDS) await tellSystemd(argv, signal);
  await tell("success", `${service} makes the next ones from now on (${path}).`);
  return path;
}

async function tellSystemd(argv: readonly string[], signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.timeout(SYSTEMD_MS);
  try {
    await readOutput({ argv }, AbortSignal.any([signal, limit]));
  } catch (cause) {
    signal.throwIfAborted();
    if (!limit.aborted) throw cause;
    throw new DbackedError("target", `${argv.join(" ")} did not end within ${SYSTEMD_MS / 1000} s`, {
      hint: "systemctl status dbacked",
      cause,
    });
  }
}

/** Gives the line for a crontab, where nothing else is set up. */
export async function tellByHand(caller: Caller): Promise<void> {
  const program = await ownExecutable().catch(() => "dbacked");
  await tell("warn", "Nothing calls dbacked by itself yet. A line for your own crontab (`crontab -e`):");
  log.info(`\n${crontabLine({ ...caller, program })}\n`);
}
