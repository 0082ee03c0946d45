import type { Db } from "mongodb";
import type { Place } from "../../../conformance/database/engine.ts";
import { addNoise, type Numbered } from "./content.ts";
import { serverOf } from "./engine.ts";

/** Two accounts with much between them. */
export async function makeBank(db: Db): Promise<void> {
  await db.collection<Numbered>("first").insertOne({ _id: 1, balance: 1000 });
  await addNoise(db);
  await db.collection<Numbered>("past").insertOne({ _id: 1, balance: 1000 });
  await db.createCollection("transfers");
}

/** Moves money from here, each time as a transaction. */
export async function startTransfers(place: Place): Promise<AsyncDisposable> {
  const stop = new AbortController();
  const writing = serverOf(place).ask(async (client) => {
    const db = client.db(place.name);
    while (!stop.signal.aborted)
      await client.withSession((session) =>
        session.withTransaction(async () => {
          await db.collection("first").updateOne({}, { $inc: { balance: -1 } }, { session });
          await db.collection("past").updateOne({}, { $inc: { balance: 1 } }, { session });
          await db.collection("transfers").insertOne({}, { session });
        }),
      );
  });
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await writing;
    },
  };
}

export async function audit(place: Place): Promise<{ sum: number; transfers: number }> {
  return await serverOf(place).ask(async (client) => {
    const db = client.db(place.name);
    const [first, past] = await Promise.all(["first", "past"].map((name) => db.collection(name).findOne()));
    const transfers = await db.collection("transfers").countDocuments();
    return { sum: Number(first?.["balance"]) + Number(past?.["balance"]), transfers };
  });
}
