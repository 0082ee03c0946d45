import type { Db } from "mongodb";
import { startMongodb, type Mongodb } from "../../../../scripts/services/mongodb.ts";
import type { Deed, Engine, Options, Place, Question } from "../../../conformance/database/engine.ts";
import { shared } from "../../../services.ts";
import { documentedUsers } from "../documented-users.ts";
import { contentOf } from "../servers.ts";

const ROOT = { user: "root", password: "se cret/@:%#'\"", database: "admin", roles: ["root"] };

/** The usual server: it lets in its users only, and has a certificate for `localhost` and 127.0.0.1. */
export const usual: () => Promise<Mongodb> = shared("mongodb conformance", start);

/** One that need not survive: it gives up when it cannot write. */
export const doomed: () => Promise<Mongodb> = shared("mongodb with little room", start);

export const engine: Engine = engineOf(usual);

export const doomedEngine: Engine = engineOf(doomed);

async function start(): Promise<Mongodb> {
  const nobody = { user: "nobody", password: "pw", database: "admin", roles: [] };
  return await startMongodb({ tls: true, users: [ROOT, ...(await documentedUsers("shop")), nobody] });
}

/** MongoDB, dumped by the least user and restored by one who may do everything. */
function engineOf(server: () => Promise<Mongodb>): Engine {
  return { name: "MongoDB", type: "mongodb", make: (name) => make(server, name), content };
}

/** A database, and where it is. */
interface MongodbPlace extends Place {
  server: Mongodb;
}

let made = 0;

async function make(start: () => Promise<Mongodb>, name = `place_${(made += 1)}`): Promise<MongodbPlace> {
  const server = await start();
  const [{ user, password, roles } = ROOT] = await documentedUsers(name);
  await server.ask((client) => client.db("admin").command({ grantRolesToUser: user, roles }));
  const { host, port, caFile } = server;
  const options = (as: string, password: string) => ({
    // Whoever does not answer at once is not there: nobody needs to wait for him.
    url: `mongodb://${as}@${host}:${port}/${encodeURIComponent(name)}?authSource=admin&serverSelectionTimeoutMS=2000`,
    password,
    tls: { caFile },
  });
  return { server, name, reading: options(user, password), writing: options(ROOT.user, ROOT.password) };
}

/** The same by another way. */
export function through(options: Options, host: string, port: number): Options {
  return { ...options, url: String(options["url"]).replace(/@[^/]+/, `@${host}:${port}`) };
}

async function content(place: Place): Promise<string> {
  const text = JSON.stringify(await contentOf(serverOf(place), place.name));
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}

/** The server of a place. */
export function serverOf(place: Place): Mongodb {
  return (place as MongodbPlace).server;
}

/** Does something to the database. */
export function act(deed: (db: Db) => Promise<unknown>): Deed {
  return (place) => serverOf(place).ask((client) => deed(client.db(place.name)));
}

/** Asks, and gives the answer as JSON. */
export function ask(question: (db: Db) => Promise<unknown>): Question {
  return async (place) => {
    const answer = await serverOf(place).ask((client) => question(client.db(place.name)));
    return JSON.stringify(answer);
  };
}
