import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { forEachOf, type Run, runDecryptor } from "./decryptor.ts";
import { SHORT } from "./fault.ts";
import { derive, entryFor, forge, recipientsOf, sha256 } from "./forge.ts";
import { tryOpen, WAYS } from "./outcome.ts";
import { design, ENVELOPES, keyOf, SEGMENT } from "./specimen.ts";
import type { BadVector, GoodVector, VectorIndex } from "./vector-index.ts";

const { signer, vectors } = JSON.parse(readFileSync(join(ENVELOPES, "index.json"), "utf8")) as VectorIndex;
const goods = vectors.filter((each): each is GoodVector => each.expect === "ok");
const bads = vectors.filter((each): each is BadVector => each.expect !== "ok");
const KEYS = join(ENVELOPES, "keys");
const PIECES = [1, 7, 4096, 65_536];
const EXIT = { ok: 0, key: 7, damaged: 8 };

// A run of Python takes a tenth of a second, and much longer on a machine that is busy.
setDefaultTimeout(30_000);

/** What the decryptor made of each file: by key and file. */
const runs = new Map<string, Run>();
const folder = mkdtempSync(join(tmpdir(), "dbacked-vectors-"));

beforeAll(async () => {
  const all = vectors.flatMap(({ file, keys }) => keys.map((key) => ({ file, key })));
  await forEachOf(all, async ({ file, key }) => {
    const args = ["--signer", signer, keyFile(key), join(ENVELOPES, file)];
    runs.set(`${key} ${file}`, await runDecryptor(args, join(folder, `${key}-${file}`)));
  });
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true }));

function keyFile(key: string): string {
  return join(KEYS, `test-${key}.pem`);
}

function runOf(key: string, file: string): Run {
  const run = runs.get(`${key} ${file}`);
  if (run === undefined) throw new Error(`the decryptor was not run on ${file}`);
  return run;
}

function volumesOf({ file, volumes }: GoodVector): string[] {
  return Array.from({ length: volumes }, (_, at) =>
    at === 0 ? file : `${file}.${String(at).padStart(4, "0")}`,
  );
}

function read(file: string): Buffer {
  return readFileSync(join(ENVELOPES, file));
}

function decompressed(payload: Uint8Array, { compression }: GoodVector): Buffer {
  if (compression === "none" || payload.length === 0) return Buffer.from(payload);
  return compression === "zstd" ? zstdDecompressSync(payload) : gunzipSync(payload);
}

function described(bytes: Uint8Array): { bytes: number; sha256: string } {
  return { bytes: bytes.length, sha256: sha256(bytes).toString("hex") };
}

test("the index names every golden file, and they stay small", () => {
  const named = [...goods.flatMap(volumesOf), ...bads.map(({ file }) => file)];
  const found = readdirSync(ENVELOPES).filter((name) => name.includes(".dbk"));
  expect(named.toSorted()).toEqual(found.toSorted());
  expect(found.reduce((sum, name) => sum + statSync(join(ENVELOPES, name)).size, 0)).toBeLessThan(2 ** 20);
});

describe.each(goods)("$file, $why", (good) => {
  const envelope = Buffer.concat(volumesOf(good).map(read));
  const isCompressed = good.compression !== "none";

  test.each(good.keys)(
    "opens in every way with the key of %s, and byte-equal by the decryptor",
    async (key) => {
      const run = runOf(key, good.file);
      expect({ exitCode: run.exitCode, hasLeftPart: run.hasLeftPart }).toEqual({
        exitCode: 0,
        hasLeftPart: false,
      });
      for (const way of WAYS) {
        const { released, code } = await tryOpen(envelope, way, { key, isCompressed });
        expect(code).toBeNull();
        expect(run.output?.equals(released)).toBe(true);
        expect(described(decompressed(released, good))).toEqual(good.dump);
      }
    },
  );

  test("opens from a stream in pieces of any size", async () => {
    for (const pieceBytes of PIECES) {
      const { released } = await tryOpen(envelope, "stream", {
        key: good.keys[0] ?? "",
        pieceBytes,
        isCompressed,
      });
      expect(described(decompressed(released, good))).toEqual(good.dump);
    }
  });
});

describe.each(bads)("$file, $why", (bad) => {
  const key = bad.keys[0] ?? "";

  test("is refused while streaming, before anything that is not genuine, whatever pieces it comes in", async () => {
    for (const pieceBytes of PIECES) {
      const { released, code } = await tryOpen(read(bad.file), "stream", { key, pieceBytes });
      expect(code).toBe(bad.check);
      expect(released.length).toBeLessThanOrEqual(bad.released.bytes);
      expect(released.length === bad.released.bytes || released.length % SEGMENT === 0).toBe(true);
      if (released.length === bad.released.bytes) expect(described(released)).toEqual(bad.released);
    }
  });

  test("is refused in two passes before anything is given out", async () => {
    const { released, code } = await tryOpen(read(bad.file), "two passes", { key });
    expect(code).toBe(bad.early);
    // What is wrong with the dump alone shows at its end.
    if (code !== "dump") expect(released.length).toBe(0);
  });

  test("is refused by the decryptor, which leaves nothing behind", () => {
    const { exitCode, output, hasLeftPart, stderr } = runOf(key, bad.file);
    expect({ exitCode, output, hasLeftPart }).toEqual({
      exitCode: EXIT[bad.expect],
      output: null,
      hasLeftPart: false,
    });
    expect(stderr).toContain("dbacked-decrypt: error: ");
  });
});

describe("dbacked-decrypt.py", () => {
  const out = (name: string) => join(folder, name);
  const zstd = goods.find(({ file }) => file === "good-zstd.dbk");
  const args = [keyFile("alice"), join(ENVELOPES, "good-zstd.dbk")];

  test("decompresses, and compares the dump with the signed digest", async () => {
    const run = await runDecryptor([...args, "--decompress"], out("decompressed"));
    expect(run.exitCode).toBe(0);
    expect(described(run.output ?? Buffer.alloc(0))).toEqual(zstd?.dump ?? described(Buffer.alloc(0)));
    expect(run.stderr).toContain(signer);
    expect(run.stderr).toContain(zstd?.dump.sha256 ?? "");
  });

  test("writes the payload to stdout, and nothing of a file with a fault", async () => {
    const good = await runDecryptor(args, "-");
    expect(described(zstdDecompressSync(good.stdout))).toEqual(zstd?.dump ?? described(Buffer.alloc(0)));
    const bad = await runDecryptor([keyFile("alice"), join(ENVELOPES, "rewritten-segment.dbk")], "-");
    expect([bad.exitCode, bad.stdout.length]).toEqual([8, 0]);
  });

  test("refuses another signer than it is told, before the private key is used", async () => {
    const other = "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const run = await runDecryptor(["--signer", other, "no-such-key", ...args.slice(1)], out("signer"));
    expect([run.exitCode, run.output]).toEqual([7, null]);
  });

  test("opens a key that a passphrase protects, and says when it is the wrong one", async () => {
    const protectedArgs = [join(KEYS, "test-alice-passphrase.pem"), ...args.slice(1)];
    const right = await runDecryptor(protectedArgs, out("right"), { DBACKED_PRIVATE_KEY_PASSPHRASE: "test" });
    expect(right.exitCode).toBe(0);
    const wrong = await runDecryptor(protectedArgs, out("wrong"), { DBACKED_PRIVATE_KEY_PASSPHRASE: "tset" });
    expect([wrong.exitCode, wrong.output]).toEqual([7, null]);
    expect(wrong.stderr).toContain("passphrase is wrong");
  });

  test("opens with a key that was wrapped later, and with the file key alone", async () => {
    const chosen = design({}, SHORT);
    const { core, coreHash, bytes } = forge(chosen);
    writeFileSync(out("later.dbk"), bytes);
    writeFileSync(out("file.key"), chosen.fileKey);
    const recipients = recipientsOf([entryFor(keyOf("bob"), chosen.fileKey)]);
    const signed = Buffer.concat([Buffer.from("dbacked.v2 rewrap\0"), coreHash, recipients]);
    const mac = createHmac("sha256", derive(chosen, "header-mac", sha256(core)))
      .update(signed)
      .digest();
    const head = Buffer.concat([Buffer.from("DBKEYS\x02", "latin1"), coreHash]);
    writeFileSync(out("keys"), Buffer.concat([head, recipients, mac]));
    writeFileSync(out("keys-long"), Buffer.concat([head, recipients, mac, mac]));
    const bob = keyFile("bob");
    const later = await runDecryptor(["--keys", out("keys"), bob, out("later.dbk")], out("later"));
    const alone = await runDecryptor([out("file.key"), out("later.dbk")], out("alone"));
    expect([later.output, alone.output]).toEqual([SHORT, SHORT]);
    const without = await runDecryptor([bob, out("later.dbk")], out("without"));
    const long = await runDecryptor(["--keys", out("keys-long"), bob, out("later.dbk")], out("long"));
    const other = await runDecryptor(["--keys", out("keys"), bob, ...args.slice(1)], out("other"));
    expect([without.exitCode, long.exitCode, other.exitCode]).toEqual([7, 8, 8]);
  });

  test("never replaces a file", async () => {
    writeFileSync(out("taken"), "mine");
    const run = await runDecryptor(args, out("taken"));
    expect([run.exitCode, run.output?.toString()]).toEqual([2, "mine"]);
  });

  test("refuses an envelope that lacks a volume", async () => {
    const copy = join(folder, "volumes.dbk");
    for (const ending of ["", ".0001", ".0002", ".0004"])
      copyFileSync(join(ENVELOPES, `good-volumes.dbk${ending}`), copy + ending);
    const run = await runDecryptor([keyFile("alice"), copy], out("volumes"));
    expect([run.exitCode, run.output]).toEqual([8, null]);
    expect(existsSync(`${out("volumes")}.part`)).toBe(false);
  });
});
