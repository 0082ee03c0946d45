/**
 * The store that counts, as a program: `main.ts [BYTES_PER_SECOND [FOLDER]]`, 0 for any speed. Prints its port. It
 * forgets the bytes of parts, unless there is a folder to keep them in.
 */
import { serveSlowly, Throttle } from "./http.ts";
import { Ledger } from "./ledger.ts";
import { answerer } from "./protocol.ts";

const [bytesPerSecond = "0", folder] = process.argv.slice(2);
const rate = Number(bytesPerSecond);
const { port } = serveSlowly(answerer(new Ledger(folder ?? null)), new Throttle(rate === 0 ? null : rate));
console.log(port);
