import { fileURLToPath } from "node:url";
import { fitName } from "../../config/flat.ts";
import { type Answers, type Fields, textIn } from "../../setup/answers.ts";
import { listDatabases, type Reached, tryDatabase, withDatabase } from "../../setup/live.ts";
import { databaseIn, isUrl, splitPassword } from "../../setup/url.ts";
import { askPassphrase, askText, type Choice, choose, tell } from "../print/prompt.ts";
import { absolute } from "./place.ts";
import { INSTEAD, type Scene } from "./scene.ts";
import { settle } from "./settle.ts";

const ENGINES = [
  { value: "postgres", label: "PostgreSQL" },
  { value: "mysql", label: "MySQL or MariaDB" },
  { value: "mongodb", label: "MongoDB" },
  { value: "sqlite", label: "SQLite", hint: "a file" },
] as const;

const PORTS: Readonly<Record<string, number>> = { postgres: 5432, mysql: 3306, mongodb: 27017 };

/** What stands for all databases of a server. */
const ALL = "*";

/** A server, as far as it is known how to reach it. */
interface Address {
  fields: Fields;
  /** False if its databases are not to be listed: a role may read one that it cannot find. */
  isListed: boolean;
}

/** Asks what is to be backed up, until it is reached and can be read as a whole. */
export async function askDatabase(scene: Scene): Promise<Answers["database"]> {
  const { given, signal } = scene;
  const known = ENGINES.find(({ value }) => value === given.database["type"]);
  const type =
    known?.value ??
    (await choose({ message: "What is to be backed up?", instead: INSTEAD }, ENGINES, signal));
  const { answer, result } = type === "sqlite" ? await askFile(scene) : await askServer(scene, type);
  await tellReached(result);
  return { ...answer, name: await askName(scene, answer) };
}

/** Tells what was found, for the eyes of whoever sets things up. */
export async function tellReached({ label, server, gaps, members }: Reached): Promise<void> {
  const what = members === 1 ? label : `${label}, ${members} backups at each run`;
  const lacks = gaps.map(({ object, why }) => `\n${object}: ${why}`).join("");
  const { length } = gaps;
  if (length === 0) await tell("success", `${what}: reached (${server}), and it can be dumped as a whole.`);
  else await tell("warn", `${what}: reached (${server}). Every backup will be marked as incomplete:${lacks}`);
}

type Found = { answer: Fields; result: Reached };

async function askFile(scene: Scene): Promise<Found> {
  const { file, given, signal } = scene;
  const { url, path } = given.database;
  const known = typeof url === "string" && url.startsWith("sqlite:") ? pathIn(url) : path;
  return await settle<Fields, Reached>(
    {
      ask: async (previous) => {
        const initial = previous?.["path"] ?? known;
        const typed = await askText(
          { message: "Path of the file", instead: INSTEAD },
          { initial: typeof initial === "string" ? initial : undefined, refuse: refuseEmpty },
          signal,
        );
        return { type: "sqlite", path: absolute(typed) };
      },
      test: async (answer) => await tryDatabase(file, answer, signal),
    },
    scene,
  );
}

function pathIn(url: string): string {
  try {
    return fileURLToPath(url.replace(/^sqlite:/, "file:"));
  } catch {
    return url;
  }
}

/** Asks for a server and one of its databases. What was answered `before` is there to be changed. */
async function askServer(scene: Scene, type: string, before?: Fields): Promise<Found> {
  const { answer, result } = await settle<Address, Look>(
    {
      ask: async (previous) => ({
        fields: await askAddress(scene, type, previous?.fields ?? before),
        isListed: true,
      }),
      test: async (address) => await look(scene, address),
      detour: (address, { kind }) => {
        if (kind === "incomplete") return accepting(address.fields, (fields) => ({ ...address, fields }));
        const isSure = kind === "tool" || kind === "config" || namedIn(address.fields) !== null;
        const label = "Name the database without a list of them";
        return isSure ? null : { label, answer: { ...address, isListed: false } };
      },
    },
    scene,
  );
  const { fields } = answer;
  if ("reached" in result) return { answer: fields, result: result.reached };
  return await settle<Fields, Reached>(
    {
      ask: async () => await chooseDatabase(scene, fields, result.names),
      test: async (chosen) => await tryDatabase(scene.file, chosen, scene.signal),
      detour: (chosen, { kind }) => (kind === "incomplete" ? accepting(chosen, (same) => same) : null),
    },
    scene,
  );
}

/** What an address led to: its database, or the names of those that are there. */
type Look = { reached: Reached } | { names: readonly string[] };

async function look({ file, signal }: Scene, { fields, isListed }: Address): Promise<Look> {
  if (namedIn(fields) !== null) return { reached: await tryDatabase(file, fields, signal) };
  if (!isListed) return { names: [] };
  await tell("step", "Asking the server …");
  return { names: await listDatabases(file, fields, signal) };
}

/** The way on where the role may not read everything. */
function accepting<Answer>(
  fields: Fields,
  into: (fields: Fields) => Answer,
): { label: string; answer: Answer } {
  const label = "Go on without it: every backup is marked as incomplete";
  return { label, answer: into({ ...fields, acceptIncomplete: true }) };
}

/** The database that the address itself names. */
function namedIn({ url }: Fields): string | null {
  return typeof url === "string" ? databaseIn(url) : null;
}

async function askAddress(scene: Scene, type: string, previous: Fields | undefined): Promise<Fields> {
  const { given, signal } = scene;
  const more = moreOf(given.database);
  const { url } = given.database;
  if (previous === undefined && typeof url === "string")
    return await urlAddress(scene, { type, ...more }, url);
  const known = previous ?? given.database;
  const line = async (message: string, key: string, fallback = ""): Promise<string> => {
    return await askText({ message, instead: INSTEAD }, { fallback, initial: textIn(known, key) }, signal);
  };
  const place = await line("Host of the server, or its URL", addressKey(known), "localhost");
  if (isUrl(place)) return await urlAddress(scene, { type, ...more }, place, previous);
  const host = place.startsWith("/") ? { socket: place } : { host: place };
  const usual = PORTS[type] ?? 0;
  const port = Number(await line("Port", "port", String(usual)));
  const fallback = type === "mongodb" ? "" : "backup";
  const username = await line(`User${fallback === "" ? " (empty: none)" : ""}`, "username", fallback);
  const address = { type, ...host, ...(port === usual ? {} : { port }), ...more };
  if (username === "") return address;
  const password = await askPassword(scene, previous);
  if (type !== "mongodb") return { ...address, username, ...password };
  const authenticationDatabase = await line(
    "Database in which that user was made",
    "authenticationDatabase",
    "admin",
  );
  return { ...address, username, ...password, authenticationDatabase };
}

/** The password that stands in a URL goes beside it, so that it is shown to nobody. */
async function urlAddress(scene: Scene, fields: Fields, given: string, previous?: Fields): Promise<Fields> {
  const { url, password } = splitPassword(given);
  return { ...fields, url, ...(password === null ? await askPassword(scene, previous) : { password }) };
}

function addressKey(known: Fields): string {
  return ["url", "socket"].find((key) => known[key] !== undefined) ?? "host";
}

const UNASKED: ReadonlySet<string> = new Set([
  "dumperOptions",
  "databaseToolsDirectory",
  "authenticationDatabase",
]);

/** What nobody is asked, and may have been given all the same. */
function moreOf(given: Fields): Fields {
  return Object.fromEntries(Object.entries(given).filter(([name]) => UNASKED.has(name)));
}

/** One that was given is taken, the first time. */
async function askPassword({ given, signal }: Scene, previous: Fields | undefined): Promise<Fields> {
  const { password, passwordFile } = given.database;
  if (previous === undefined && passwordFile !== undefined) return { passwordFile };
  if (previous === undefined && password !== undefined) return { password };
  const message = "Password (empty: none)";
  const typed = await askPassphrase({ message, instead: INSTEAD }, signal);
  return typed.reveal() === "" ? {} : { password: typed };
}

/** Of the databases that the server showed, or by its name. */
async function chooseDatabase(scene: Scene, server: Fields, names: readonly string[]): Promise<Fields> {
  const { given, signal } = scene;
  const isMongodb = server["type"] === "mongodb";
  const other = Symbol("other");
  const elsewhere = Symbol("elsewhere");
  const whole = Symbol("whole");
  const choices: Choice<string | symbol>[] = [
    ...names.map((name) => ({ value: name, label: name })),
    { value: ALL, label: "All of them", hint: "each a backup of its own, and those to come" },
    ...(isMongodb ? [{ value: whole, label: "The whole server", hint: "as one backup" }] : []),
    { value: other, label: "Another one", hint: "by its name" },
    { value: elsewhere, label: "Another server, or another user" },
  ];
  const question = { message: "Which database?", instead: INSTEAD };
  const chosen = names.length === 0 && !isMongodb ? other : await choose(question, choices, signal);
  if (chosen === whole) return server;
  if (chosen === elsewhere) return (await askServer(scene, textIn(server, "type") ?? "", server)).answer;
  if (typeof chosen === "string") return withDatabase(server, chosen);
  const typed = await askText(
    { message: "Name of the database", instead: INSTEAD },
    { initial: textIn(given.database, "database"), refuse: refuseEmpty },
    signal,
  );
  return withDatabase(server, typed);
}

async function askName({ given, signal }: Scene, answer: Fields): Promise<string> {
  const { database, url, path } = answer;
  const file =
    typeof path === "string"
      ? path
          .split("/")
          .at(-1)
          ?.replace(/\.[^.]+$/, "")
      : undefined;
  const inside = database ?? (typeof url === "string" ? databaseIn(url) : file);
  const usual = typeof inside === "string" ? fitName(inside) : "";
  return await askText(
    { message: "Name of its backups", instead: INSTEAD },
    {
      fallback: textIn(given.database, "name") ?? (usual || "server"),
      refuse: (typed) => {
        const fitting = fitName(typed);
        return fitting === typed ? undefined : `Small letters, digits, . _ and -, as in ${fitting || "shop"}`;
      },
    },
    signal,
  );
}

/** For what has no usual answer. */
export function refuseEmpty(typed: string): string | undefined {
  return typed === "" ? "This is needed; Ctrl-C leaves" : undefined;
}
