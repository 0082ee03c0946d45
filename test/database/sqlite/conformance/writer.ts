import { Database } from "bun:sqlite";

// Moves money from one table to another until it is killed: the sum over both never changes.
const [, , path = ""] = process.argv;
const database = new Database(path);
database.run("PRAGMA busy_timeout = 30000");
database.run("PRAGMA synchronous = OFF");
const move = database.transaction(() => {
  database.run("UPDATE first SET balance = balance - 1");
  database.run("UPDATE last SET balance = balance + 1");
  database.run("INSERT INTO transfers DEFAULT VALUES");
});
for (;;) move.immediate();
