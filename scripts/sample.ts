/**
 * The quickstart's sample database: `sample.ts FILE` makes it, `sample.ts --compare A B` says whether two of them hold the same.
 */
import { Database } from "bun:sqlite";
import { parseArgs } from "node:util";

const CUSTOMERS = 2000;

function makeSample(file: string): void {
  using db = new Database(file, { create: true, strict: true });
  db.run("PRAGMA journal_mode = WAL");
  db.run("CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, since TEXT NOT NULL)");
  db.run(
    "CREATE TABLE invoice (id INTEGER PRIMARY KEY, customer REFERENCES customer, cents INTEGER, scan BLOB)",
  );
  const customer = db.query("INSERT INTO customer (name, since) VALUES (?, ?)");
  const invoice = db.query("INSERT INTO invoice (customer, cents, scan) VALUES (?, ?, ?)");
  db.transaction(() => {
    for (let id = 1; id <= CUSTOMERS; id += 1) {
      customer.run(`Zoë № ${id}`, new Date(Date.UTC(2020, 0, id)).toISOString());
      invoice.run(id, id * 1999, crypto.getRandomValues(new Uint8Array(300)));
    }
  })();
}

function digest(file: string): string {
  using db = new Database(file, { readonly: true, strict: true });
  const hasher = new Bun.CryptoHasher("sha256");
  for (const table of ["customer", "invoice"]) {
    for (const row of db.query(`SELECT * FROM ${table} ORDER BY id`).values()) {
      for (const value of row) hasher.update(value instanceof Uint8Array ? value : `${value}\0`);
    }
  }
  return hasher.digest("hex");
}

const { values, positionals } = parseArgs({
  options: { compare: { type: "boolean", default: false } },
  allowPositionals: true,
});
const [first, second] = positionals;
if (values.compare && first !== undefined && second !== undefined) {
  const same = digest(first) === digest(second);
  console.log(same ? `\n${first} and ${second} hold the same rows.` : `\n${first} and ${second} DIFFER.`);
  process.exitCode = same ? 0 : 1;
} else if (!values.compare && first !== undefined) {
  makeSample(first);
} else {
  console.error("usage: sample.ts FILE | sample.ts --compare A B");
  process.exitCode = 2;
}
