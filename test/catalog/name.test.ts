import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  envelopeKey,
  manifestKey,
  nameBackup,
  parseManifestKey,
  parseProofKey,
} from "../../src/catalog/name.ts";

const sets = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,62}$/);
const times = fc.date({ min: new Date("1970-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });
const ids = fc.stringMatching(/^[0-9a-f]{32}$/);
const names = fc.tuple(sets, times, ids).map(([set, takenAt, id]) => nameBackup(set, takenAt, id));

const STEM = "shop/20261122T020000Z-00112233445566778899aabbccddeeff";

test("nameBackup() gives a set, a time and an id", () => {
  const name = nameBackup("shop", new Date("2026-11-22T02:00:00.999Z"), "00112233445566778899aabbccddeeff");
  expect(name).toEqual({ stem: STEM, set: "shop", id: "00112233445566778899aabbccddeeff" });
  expect([envelopeKey(name), manifestKey(name)]).toEqual([`${STEM}.dbk`, `${STEM}.json`]);
});

test("parseManifestKey() undoes manifestKey(), and takes no other key of the same backup", () => {
  fc.assert(
    fc.property(names, (name) => {
      expect(parseManifestKey(manifestKey(name))).toEqual(name);
      const others = [
        envelopeKey(name),
        `${envelopeKey(name)}.0001`,
        `${name.stem}.proof-1763776800000-0a1b2c3d.json`,
      ];
      for (const key of others) expect(parseManifestKey(key)).toBeNull();
    }),
  );
});

test("parseProofKey() takes the proofs of a backup and nothing else", () => {
  fc.assert(
    fc.property(names, fc.stringMatching(/^\d{13}-[0-9a-f]{8}$/), (name, end) => {
      expect(parseProofKey(`${name.stem}.proof-${end}.json`)).toEqual(name);
      expect(parseProofKey(`${name.stem}.keys-${end}.json`)).toBeNull();
      expect(parseProofKey(manifestKey(name))).toBeNull();
    }),
  );
});

test.each([
  `${STEM}.JSON`,
  `${STEM}.json `,
  `${STEM}.json\n`,
  `${STEM}.json.json`,
  `x/${STEM}.json`,
  `/${STEM}.json`,
  "shop/20261122T020000Z-00112233445566778899AABBCCDDEEFF.json",
  "shop/20261122T020000Z-00112233445566778899aabbccddeef.json",
  "shop/2026-11-22T02:00:00Z-00112233445566778899aabbccddeeff.json",
  "20261122T020000Z-00112233445566778899aabbccddeeff.json",
  `../${STEM.slice(5)}.json`,
  `.shop/${STEM.slice(5)}.json`,
  `${"x".repeat(251)}/${STEM.slice(5)}.json`,
  "shop/identity",
  "",
])("parseManifestKey() does not take %j", (key) => {
  expect(parseManifestKey(key)).toBeNull();
});

test("names of one set sort by time", () => {
  fc.assert(
    fc.property(fc.tuple(times, times), fc.tuple(ids, ids), ([a, b], [one, other]) => {
      fc.pre(Math.floor(a.getTime() / 1000) < Math.floor(b.getTime() / 1000));
      expect(nameBackup("shop", a, one).stem < nameBackup("shop", b, other).stem).toBe(true);
    }),
  );
});
