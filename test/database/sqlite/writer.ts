import { Database } from "bun:sqlite";

// Adds a row to two tables at a time, as fast as it can, until it is killed. With a journal mode it only holds the file open.
const [, , path = "", mode] = process.argv;
const database = new Database(path);
database.run(`PRAGMA journal_mode = ${mode ?? "WAL"}`);
database.run("PRAGMA busy_timeout = 10000");
if (mode !== undefined) {
  database.query("SELECT * FROM mine").all();
  process.stdout.write("open\n");
  setInterval(() => {}, 1000);
} else {
  database.run("PRAGMA synchronous = OFF");
  for (;;) {
    database.transaction(() => {
      database.run("INSERT INTO a (x) VALUES (randomblob(500))");
      database.run("INSERT INTO b (x) VALUES (randomblob(500))");
    })();
  }
}
