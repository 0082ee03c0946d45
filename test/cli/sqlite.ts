// `sqlite FILE SQL` in the transcripts: runs SQL on an SQLite file and prints rows, since not every host has such a program.
import { Database } from "bun:sqlite";

const [file = "", sql = ""] = process.argv.slice(2);
using database = new Database(file);
for (const row of database.query(sql).values()) process.stdout.write(`${row.join("|")}\n`);
