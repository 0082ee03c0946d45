import { join } from "node:path";
import { type Bytes, utf8 } from "../../src/base/bytes.ts";
import type { Backup } from "../../src/catalog/list.ts";
import { IDENTITY_TYPE } from "../../src/catalog/identity.ts";
import { encodeManifest, MANIFEST_TYPE, type Manifest } from "../../src/catalog/manifest.ts";
import { envelopeKey, manifestKey, nameBackup } from "../../src/catalog/name.ts";
import { PROOF_TYPE } from "../../src/catalog/proof.ts";
import { signNote } from "../../src/seal/note.ts";
import { generateSigner, readSigner, type Signer } from "../../src/seal/signer.ts";
import { trusting } from "../job/plan.ts";
import { makeSite } from "../job/site.ts";
import { signer } from "../seal/sample.ts";

const stranger: Signer = await readSigner((await generateSigner()).pem);

/** Objects that somebody puts beside genuine backups of the set `shop`, by their keys. */
export type Plant = (genuine: readonly Backup[]) => Promise<Readonly<Record<string, Bytes | string>>>;

const idOf = (digit: string) => digit.repeat(32);

/** Just now: newer than every backup. */
const stemOf = (digit: string, at = new Date()) => nameBackup("shop", at, idOf(digit)).stem;

/** Like the newest backup, but for `changes`, under a name that fits; no envelope goes with it. */
async function manifestLike(
  [newest]: readonly Backup[],
  changes: Partial<Manifest>,
  by: Signer,
): Promise<Record<string, Bytes>> {
  if (newest === undefined) return {};
  const key = { signer: by.publicKey.toBase64() };
  const manifest = {
    ...newest.manifest,
    backup: idOf("a"),
    takenAt: new Date().toISOString(),
    ...key,
    ...changes,
  };
  const name = nameBackup(manifest.set, new Date(manifest.takenAt), manifest.backup);
  return { [manifestKey(name)]: await signNote(MANIFEST_TYPE, encodeManifest(manifest), by) };
}

/** A whole backup by a host that nobody here trusts. */
async function wholeOfStranger(
  more: { signer: Signer } = { signer: stranger },
): Promise<Record<string, Bytes>> {
  await using site = await makeSite();
  const { name } = await site.backUp({ ...more, trusted: trusting(more.signer) });
  const read = async (key: string) => await Bun.file(join(site.storeFolder, key)).bytes();
  return {
    [envelopeKey(name)]: await read(envelopeKey(name)),
    [manifestKey(name)]: await read(manifestKey(name)),
  };
}

async function proofsOf(genuine: readonly Backup[], ok: boolean | null): Promise<Record<string, Bytes>> {
  const planted: Record<string, Bytes> = {};
  for (const { name, manifest } of genuine) {
    for (const [number, kind] of ["read-back", "verify", "drill"].entries()) {
      const at = new Date();
      const said = {
        backup: name.id,
        core: manifest.core,
        kind,
        at: at.toISOString(),
        ok,
        bytes: 1,
        durationMs: 1,
      };
      const key = `${name.stem}.proof-${at.getTime()}-0000000${number}.json`;
      planted[key] = await signNote(PROOF_TYPE, utf8(JSON.stringify(said)), stranger);
    }
  }
  return planted;
}

const junk =
  (content: Bytes | string): Plant =>
  () =>
    Promise.resolve({ [`${stemOf("b")}.json`]: content });

/** All that somebody can plant who may write and has no key. */
export const PLANTS: readonly (readonly [string, Plant])[] = [
  [
    "a manifest of the year 9999",
    (all) => manifestLike(all, { takenAt: "9999-12-31T23:59:59.999Z" }, stranger),
  ],
  [
    "one of that year by a host with a wrong clock",
    (all) => manifestLike(all, { takenAt: "9999-12-31T23:59:59.999Z" }, signer),
  ],
  ["a manifest by another signer, without an envelope", (all) => manifestLike(all, {}, stranger)],
  ["a whole backup by another signer", () => wholeOfStranger()],
  ["a manifest whose envelope is missing", (all) => manifestLike(all, {}, signer)],
  ["a manifest whose sizes disagree", (all) => manifestLike(all, { volumes: [1, 2], bytes: 4 }, signer)],
  ["a manifest without any volume", (all) => manifestLike(all, { volumes: [], bytes: 0 }, signer)],
  ["an empty manifest", junk("")],
  ["a manifest of {}", junk("{}")],
  ["a manifest that is binary", junk(new Uint8Array(5000).fill(0xfe))],
  ["a manifest of a million brackets", junk("[".repeat(1_000_000))],
  ["a manifest nested a hundred thousand deep", junk(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`)],
  ["a manifest of 15 MiB", junk(JSON.stringify({ payloadType: "x".repeat(15 * 1024 * 1024) }))],
  [
    "a manifest with five million signatures",
    junk(`{"payloadType":"","payload":"","signatures":[${"{},".repeat(5_000_000)}{}]}`),
  ],
  ["a manifest of 17 MiB", junk(new Uint8Array(17 * 1024 * 1024))],
  [
    "a signed manifest nested deep",
    async () => ({
      [`${stemOf("b")}.json`]: await signNote(
        MANIFEST_TYPE,
        utf8(`${"[".repeat(50_000)}${"]".repeat(50_000)}`),
        signer,
      ),
    }),
  ],
  ["a thousand and more manifests of this second", () => Promise.resolve(many(new Date()))],
  ["a thousand and more manifests of many seconds", () => Promise.resolve(many(null))],
  ["proofs by a stranger that say no", (all) => proofsOf(all, false)],
  ["proofs by a stranger that say yes", (all) => proofsOf(all, true)],
  [
    "proofs that are junk",
    (all) =>
      Promise.resolve(
        Object.fromEntries(
          all.map(({ name }, at) => [
            `${name.stem}.proof-1763776800000-0a1b2c3d.json`,
            ["", "{}", "[".repeat(100_000)][at % 3] ?? "",
          ]),
        ),
      ),
  ],
  [
    "volumes that are no one's",
    (all) =>
      Promise.resolve(
        Object.fromEntries(
          all.flatMap(({ name }) => [
            [`${name.stem}.dbk.0001`, "x"],
            [`${name.stem}.dbk.0002`, "x"],
          ]),
        ),
      ),
  ],
  ["an envelope without a manifest", () => Promise.resolve({ [`${stemOf("c")}.dbk`]: "DBACKED" })],
  ["identities that hand the set to somebody", () => handovers()],
  [
    "leases of nobody",
    () =>
      Promise.resolve({
        "shop/lease/9999999999999999999999": "",
        "shop/lease/x": "",
        "shop/lease/1.end": "",
      }),
  ],
  ["names that only look right", () => Promise.resolve(lookalikes())],
];

/** One without a signature, and one with a stranger's. */
async function handovers(): Promise<Record<string, Bytes | string>> {
  const identity = { id: crypto.randomUUID(), source: "0".repeat(64) };
  const signed = utf8(JSON.stringify({ ...identity, set: "shop", generation: 3 }));
  return {
    "shop/identity.2": JSON.stringify(identity),
    "shop/identity.3": await signNote(IDENTITY_TYPE, signed, stranger),
  };
}

/** Under names from the future too, which sort before all others. */
function many(at: Date | null): Record<string, string> {
  const moments = (index: number) => at ?? new Date(Date.now() + (index - 1000) * 60_000);
  return Object.fromEntries(
    Array.from({ length: 1500 }, (_, index) => {
      const id = index.toString(16).padStart(32, "0");
      return [manifestKey(nameBackup("shop", moments(index), id)), index % 2 === 0 ? "" : "{}"];
    }),
  );
}

function lookalikes(): Record<string, string> {
  const stem = stemOf("d");
  const [, rest = ""] = stem.split("/");
  return Object.fromEntries(
    [
      `${stem}.JSON`,
      `${stem}.json.json`,
      `${stem}.json~`,
      `${stem} .json`,
      `${stem}.json\u200B`,
      `${stem.replaceAll("d", "\u0501")}.json`,
      `shop/sub/${rest}.json`,
      `shop/%2e%2e/${rest}.json`,
      `sh\u043Ep/${rest}.json`,
      `shop%2f/${rest}.json`,
      `%2e%2e/${rest}.json`,
      `shop.%globals/${rest}.json`,
      "shop/identity.x",
      "shop/identity.999",
    ].map((key) => [key, "{}"]),
  );
}
