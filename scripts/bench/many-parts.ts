/**
 * Stores so many parts of a few bytes in volumes of 1,000 parts, by the program's own code, which has parts of 8 MiB
 * otherwise: `many-parts.ts ENDPOINT PARTS PART_BYTES`. Prints what each part keeps in memory until the volumes are
 * complete, in bytes.
 */
import { heapStats } from "bun:jsc";
import type { Bytes } from "../../src/base/bytes.ts";
import { s3Options } from "../../src/store/s3.ts";
import { S3Store } from "../../src/store/s3/s3-store.ts";

const [endpoint = "", parts = "1000", partSize = "16"] = process.argv.slice(2);
const [PARTS, PART_BYTES] = [Number(parts), Number(partSize)];

/** By then everything is loaded and compiled that will be. */
const WARM = Math.floor(PARTS / 10);

/** A backup collects garbage with each of its parts, which are larger. */
const COLLECTING = 500;

const options = { bucket: "bench", endpoint, accessKeyId: "key", secretAccessKey: "secret", maxParts: 1000 };
const store = await S3Store.open(s3Options.parse(options), { partSize: PART_BYTES });
const held = { before: 0, after: 0 };
let part = 0;
const body = new ReadableStream<Bytes>(
  {
    pull(controller) {
      if (part % COLLECTING === 0) Bun.gc(true);
      if (part === WARM) held.before = measureHeld();
      if (part === PARTS) {
        held.after = measureHeld();
        controller.close();
        return;
      }
      controller.enqueue(new Uint8Array(PART_BYTES).fill(part));
      part += 1;
    },
  },
  { highWaterMark: 0 },
);
const volumes = await store.put("set/many.dbk", body, { id: "many" }, new AbortController().signal);
const perPart = (held.after - held.before) / (PARTS - WARM);
console.log(JSON.stringify({ volumes: volumes.length, perPart: Math.round(perPart) }));

function measureHeld(): number {
  Bun.gc(true);
  return heapStats().heapSize;
}
