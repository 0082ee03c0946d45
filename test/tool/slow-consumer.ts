import { streamFrom } from "../../src/tool/run.ts";

// Prints by how many MiB the memory of this process grows while a program writes as fast as it can and we read slowly.
const controller = new AbortController();
const { bytes } = streamFrom({ argv: ["yes"] }, controller.signal);
const reader = bytes.getReader();
await reader.read();
const before = process.memoryUsage.rss();
for (let count = 0; count < 15; count += 1) {
  await Bun.sleep(100);
  await reader.read();
}
process.stdout.write(String(Math.max(1, Math.round((process.memoryUsage.rss() - before) / 1024 / 1024))));
await reader.cancel();
