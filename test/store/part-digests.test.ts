import { expect, test } from "bun:test";
import fc from "fast-check";

import { PartDigests } from "../../src/store/s3/part-digests.ts";
import { elementsOf } from "../../scripts/services/counting/xml.ts";
import { sample } from "../conformance/sample.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("PartDigests gives every part back, in order, whatever the order was in which they arrived", () => {
  const order = fc.integer({ min: 1, max: 300 }).chain((count) =>
    fc.shuffledSubarray(
      Array.from({ length: count }, (_, at) => at + 1),
      { minLength: count },
    ),
  );
  fc.assert(
    fc.property(order, (numbers) => {
      const digests = new PartDigests();
      for (const number of numbers) {
        const [md5, sha256] = [sample(16, number), sample(32, -number)];
        const etag = number % 3 === 0 ? `"other-${number}"` : number % 3 === 1 ? `"${hex(md5)}"` : undefined;
        digests.record({ number, md5, sha256, etag });
      }
      const named = elementsOf(new TextDecoder().decode(digests.toXml(true)), "Part");
      const parts = numbers
        .toSorted((one, two) => one - two)
        .map((number) => ({
          ChecksumSHA256: Buffer.from(sample(32, -number)).toString("base64"),
          ETag: number % 3 === 0 ? `"other-${number}"` : `"${hex(sample(16, number))}"`,
          PartNumber: String(number),
        }));
      expect(named).toEqual(parts);
      expect(new TextDecoder().decode(digests.toXml(false))).not.toContain("ChecksumSHA256");
    }),
    { numRuns: 30 },
  );
});

test("PartDigests.wholeEtag() is Amazon's MD5 of MD5s, where the ETags of parts are MD5s", () => {
  const digests = new PartDigests();
  const md5s = [sample(16, 1), sample(16, 2)];
  for (const [at, md5] of md5s.entries())
    digests.record({ number: at + 1, md5, sha256: sample(32), etag: undefined });
  expect(digests.wholeEtag()).toBe(`"${Bun.MD5.hash(Buffer.concat(md5s), "hex")}-2"`);
  digests.record({ number: 3, md5: sample(16, 3), sha256: sample(32), etag: '"something else"' });
  expect(digests.wholeEtag()).toBeNull();
});
