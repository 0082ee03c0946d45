import { log } from "../base/log.ts";
import { DbackedError } from "../base/error.ts";
import type { Config } from "../config/config.ts";
import { textIn } from "../setup/answers.ts";
import { readGiven } from "../setup/given.ts";
import { notHandedOn } from "../setup/handed-on.ts";
import { requireService, type Service } from "../setup/service.ts";
import { writeConfig, type Written } from "../setup/write.ts";
import { type Context, defineCommand } from "./command.ts";
import { FLAT_OPTIONS, flatFlags } from "./flat-options.ts";
import { answerAlone } from "./init/alone.ts";
import { exitCodeOfFirst, type Finish, finish, finishAlone, tellEnd } from "./init/finish.ts";
import { readWritten } from "./init/first.ts";
import { interview, type Outline } from "./init/interview.ts";
import { absolute, placeOfConfig } from "./init/place.ts";
import type { Scene } from "./init/scene.ts";
import { askService, installService, isRoot, tellByHand } from "./init/service.ts";
import { hostZone } from "./init/times.ts";
import type { Options } from "./option.ts";
import { printJson } from "./print/json.ts";
import { type ReportJson, reportJson } from "./print/outcome.ts";

const SERVICES: readonly string[] = ["systemd", "cron"] satisfies Service[];

const options = {
  yes: { kind: "flag", short: "y", summary: "ask nothing; what is needed and not given is an error" },
  answers: {
    kind: "text",
    value: "FILE",
    summary: "a file with answers, in TOML or JSON: dbType, dbHost, …",
  },
  keyFolder: { kind: "text", value: "DIR", summary: "with -y: make a pair of keys and a recovery kit there" },
  passphraseFile: {
    kind: "text",
    value: "FILE",
    summary: "with -y: a file with the private key's passphrase",
  },
  passphrase: { kind: "flag", on: true, summary: "with -y: leave the new private key in clear" },
  privateKeyPath: {
    kind: "text",
    value: "FILE",
    summary: "with -y: the private key, to open the first backup with",
  },
  backup: { kind: "flag", on: true, summary: "with -y: make no first backup" },
  service: {
    kind: "text",
    value: "WHICH",
    summary: "with -y: what makes the next ones, systemd, cron or none (default none)",
    offers: [...SERVICES, "none"],
  },
  ...FLAT_OPTIONS,
} as const satisfies Options;

type Initing = Context<typeof options> & { scene: Scene };

export const command = defineCommand({
  description:
    "Sets up backups on this host: asks for the database, the store, the keys, the schedule and who is told of failures, tries " +
    "each answer, writes the config, makes the first backup and opens it. Nothing is overwritten. What is given as an option " +
    "or a variable need not be answered.",
  example: "dbacked init",
  options,
  async run(context) {
    const initing = await prepare(context);
    const { file, given } = initing.scene;
    const outline = await answer(initing);
    const { keys, ...answers } = outline;
    const { publicKey, fingerprint } = keys;
    const written = await writeConfig(file, { ...answers, publicKey, fingerprint });
    const config = await readWritten(file);
    tellWritten(config, given.variables);
    const ending = await end(initing, config, outline);
    const service = await serve(initing, config, outline);
    if (context.globals.json) context.print(printJson(resultJson(outline, { written, ending, service })));
    else await tellEnd(file, ending, keys);
    return exitCodeOfFirst(ending);
  },
});

/** Refuses what can be refused before a question, or a test. */
async function prepare(context: Context<typeof options>): Promise<Initing> {
  const { args, globals, signal } = context;
  checkOptions(args, globals.json);
  const service = serviceOf(args);
  if (service !== null) {
    refuseSigner(service);
    await requireService(service, isRoot());
  }
  const file = await placeOfConfig(globals.config, process.env);
  const from = args.answers === undefined ? null : absolute(args.answers);
  const given = await readGiven({ flags: flatFlags(args), environment: process.env, file: from });
  return { ...context, scene: { file, given, globals, signal } };
}

/** Whatever it makes after the first backup would be signed by nobody. */
function refuseSigner(service: Service): void {
  if ((process.env["DBACKED_SIGNER_KEY"] ?? "") === "") return;
  throw new DbackedError("usage", `--service ${service} cannot be used with DBACKED_SIGNER_KEY`, {
    hint: `${service} would not have it: leave it unset, and a key is made beside the config; or give --service none`,
  });
}

function serviceOf({ service }: Initing["args"]): Service | null {
  return service === "systemd" || service === "cron" ? service : null;
}

function checkOptions(args: Initing["args"], json: boolean): void {
  const { yes, service } = args;
  const { keyFolder, passphraseFile, privateKeyPath, passphrase, backup } = args;
  const onlyAlone = {
    "--key-folder": keyFolder !== undefined,
    "--passphrase-file": passphraseFile !== undefined,
    "--private-key-path": privateKeyPath !== undefined,
    "--no-passphrase": !passphrase,
    "--no-backup": !backup,
    "--service": service !== undefined,
    "--json": json,
  };
  const idle = Object.entries(onlyAlone).flatMap(([option, isGiven]) => (isGiven ? option : []));
  if (!yes && idle.length > 0)
    throw new DbackedError("usage", `${idle.join(" and ")} cannot be used without -y`);
  if (privateKeyPath !== undefined && (keyFolder !== undefined || !backup)) {
    const other = backup ? "--key-folder" : "--no-backup";
    throw new DbackedError("usage", `--private-key-path and ${other} exclude each other`);
  }
  if (service !== undefined && ![...SERVICES, "none"].includes(service))
    throw new DbackedError("usage", `--service needs one of ${SERVICES.join(", ")}, none`);
}

/** Says what is left behind if it comes to nothing: a pair of keys is never taken back. */
async function answer({ args, scene }: Initing): Promise<Outline> {
  try {
    return args.yes ? await answerAlone(scene, args) : await interview(scene);
  } catch (error) {
    if (!args.yes) log.info(`${scene.file} was not written.`);
    throw error;
  }
}

/** The variables would be refused beside the config, whose tables say the same; others nobody else will set. */
function tellWritten(config: Config, variables: readonly string[]): void {
  const { path, warnings } = config;
  log.success(`${path} is written.`);
  for (const warning of warnings) log.warn(warning);
  if (variables.length > 0)
    log.warn(`${path} has their values now, and they cannot be set beside it: unset ${variables.join(" ")}`);
  const lost = notHandedOn(config, process.env);
  if (lost.length > 0)
    log.warn(
      `${path} does not have what ${lost.join(" and ")} say${lost.length === 1 ? "s" : ""}: whatever calls dbacked has to set that too (docs/systemd.md)`,
    );
}

async function end({ args, scene }: Initing, config: Config, { keys }: Outline): Promise<Finish> {
  if (!args.yes) return await finish(scene, config, keys);
  return args.backup
    ? await finishAlone(scene, config, keys)
    : { outcomes: [], isOpened: null, failure: null };
}

/** @returns the file that was written for it; null for none. */
async function serve(
  { args, scene, signal }: Initing,
  config: Config,
  { database }: Outline,
): Promise<string | null> {
  const schedule = textIn(database, "schedule") ?? "";
  const zone = textIn(database, "zone") ?? hostZone();
  // This process may have been told another zone than the host has.
  const cronZone = (process.env["TZ"] ?? "") === "" ? hostZone() : null;
  const caller = { file: scene.file, config, schedule, zone, cronZone };
  if (!args.yes) return await askService(caller, scene);
  const service = serviceOf(args);
  if (args.service === undefined) await tellByHand(caller);
  return service === null ? null : await installService(service, caller, signal);
}

/** What `init -y --json` prints. @see docs/json.md */
interface ResultJson extends Pick<ReportJson, "backups" | "failures"> {
  config: string;
  /** The public key beside the config. */
  recipient: string;
  fingerprint: string;
  /** Files of the recovery kit, if one was made. */
  kit: readonly string[];
  /** Whether the backups were opened with the private key; null if nobody tried. */
  opened: boolean | null;
  /** The unit, or the entry of cron; null if none was written. */
  service: string | null;
}

interface Done {
  written: Written;
  ending: Finish;
  service: string | null;
}

function resultJson({ keys }: Outline, { written, ending, service }: Done): ResultJson {
  const { backups, failures } = reportJson(ending.outcomes);
  const { config, recipient } = written;
  const kit = keys.kit?.files ?? [];
  return {
    config,
    recipient,
    fingerprint: keys.fingerprint,
    kit,
    backups,
    failures,
    opened: ending.isOpened,
    service,
  };
}
