import type { Bytes } from "../../../src/base/bytes.ts";
import { never, open, PLAN } from "./servers.ts";

// Restores a file, but never says that it has ended: whoever started this kills it.
const [, , file = "", url = ""] = process.argv;
const bytes = await Bun.file(file).bytes();
let isGiven = false;
const body = new ReadableStream<Bytes>({
  async pull(controller) {
    if (!isGiven) controller.enqueue(bytes);
    else {
      process.stdout.write("given\n");
      await new Promise(() => {});
    }
    isGiven = true;
  },
});
// Without something to wait for, the process would end.
setInterval(() => {}, 1000);
await open({ url }).restore(body, { ...PLAN, force: true }, never);
