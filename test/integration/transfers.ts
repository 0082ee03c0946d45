import { Database } from "bun:sqlite";

// Moves money between accounts, as fast as it can, until it is killed: the sum of all balances never changes.
const [, , path = ""] = process.argv;
const database = new Database(path);
database.run("PRAGMA journal_mode = WAL");
database.run("PRAGMA busy_timeout = 10000");
database.run("PRAGMA synchronous = OFF");
const move = database.query("UPDATE accounts SET balance = balance + ? WHERE id = ?");
const note = database.query("INSERT INTO transfers (giver, taker, amount) VALUES (?, ?, ?)");
const { accounts } = database.query("SELECT count(*) AS accounts FROM accounts").get() as {
  accounts: number;
};
const pick = (): number => 1 + Math.floor(Math.random() * accounts);
for (let done = 1; ; done += 1) {
  const [giver, taker, amount] = [pick(), pick(), pick()];
  database.transaction(() => {
    move.run(-amount, giver);
    move.run(amount, taker);
    note.run(giver, taker, amount);
  })();
  if (done === 100) process.stdout.write("busy\n");
}
