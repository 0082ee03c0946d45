import { expect, test } from "bun:test";
import fc from "fast-check";
import { collect, streamOf, utf8, type Bytes, type ByteStream } from "../../../src/base/bytes.ts";
import { keepBackEnd, omitLine } from "../../../src/database/postgres/script.ts";

const LINE = "SET transaction_timeout = 0;";
const text = async (stream: ByteStream) => new TextDecoder().decode(await collect(stream, 1 << 24));

function inPieces(script: string, sizes: readonly number[]): ByteStream {
  const bytes = utf8(script);
  const pieces: Bytes[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const end = at + (sizes[turn % sizes.length] ?? 1);
    pieces.push(bytes.slice(at, end));
    at = end;
  }
  return streamOf(...pieces);
}

const someSizes = fc.array(fc.integer({ min: 1, max: 6000 }), { minLength: 1 });
const someRows = fc
  .array(fc.string({ unit: "grapheme" }), { maxLength: 20 })
  .map((rows) => rows.join("\n").repeat(100));

test("omitLine() takes out the line, and nothing else", async () => {
  await fc.assert(
    fc.asyncProperty(someRows, someSizes, async (rows, sizes) => {
      const script = inPieces(`-- é\nSET a = 1;\n${LINE}\nSET b = 2;\n${rows}`, sizes);
      expect(await text(omitLine(script, LINE))).toBe(`-- é\nSET a = 1;\nSET b = 2;\n${rows}`);
      expect(await text(omitLine(inPieces(rows, sizes), LINE))).toBe(rows);
    }),
  );
});

test("keepBackEnd() lets everything pass when the script ends", async () => {
  await fc.assert(
    fc.asyncProperty(someRows, someSizes, async (rows, sizes) => {
      const script = `${rows}\nCOMMIT;\n\n-- complete\n`;
      expect(await text(keepBackEnd(inPieces(script, sizes)))).toBe(script);
    }),
  );
});

test("keepBackEnd() lets no COMMIT pass before the script has ended", async () => {
  const script = `${"x".repeat(100_000)}\nCOMMIT;\n\n${"-".repeat(1000)}`;
  const failing = new ReadableStream<Bytes>({
    start: (controller) => controller.enqueue(utf8(script)),
    async pull(controller) {
      await Bun.sleep(20);
      controller.error(new Error("damaged"));
    },
  });
  let passed = "";
  const reader = keepBackEnd(failing).getReader();
  const reading = (async () => {
    for (;;) passed += new TextDecoder().decode((await reader.read()).value);
  })();
  expect((await reading.catch((error: Error) => error)).message).toBe("damaged");
  expect(passed.length).toBeGreaterThan(90_000);
  expect(passed).not.toContain("COMMIT");
});

test("keepBackEnd() refuses a script without COMMIT", async () => {
  expect(
    await text(keepBackEnd(streamOf(utf8("SELECT 1;\n")))).catch((error: Error) => error.message),
  ).toContain("COMMIT");
});
