import { short, SHORT, type Fault } from "./fault.ts";
import { forge, signerFrom, type Design } from "./forge.ts";
import { design, keyOf, METADATA } from "./specimen.ts";

type Row = readonly [name: string, check: string, why: string, changes: Partial<Design>];

/** Faults in CORE and its signature. All are found before the private key is used. */
export function headerFaults(): Fault[] {
  return [...fixedRows(), ...metadataRows(), ...signerRows()].map(([name, check, why, changes]) => ({
    name,
    check,
    why,
    payload: SHORT,
    bytes: short(changes),
  }));
}

function fixedRows(): Row[] {
  return [
    ["header-magic", "magic", "begins with DBACKEE", { magic: "DBACKEE" }],
    ["header-major-0", "legacy", "major version 0 over a body of version 2", { major: 0 }],
    ["header-major-1", "legacy", "major version 1 over a body of version 2", { major: 1 }],
    ["header-major-3", "version", "a major version that is not known", { major: 3 }],
    ["header-suite-0", "suite", "suite 0", { suite: 0 }],
    ["header-suite-2", "suite", "suite 2", { suite: 2 }],
    ["header-suite-65535", "suite", "suite 65535", { suite: 0xffff }],
    ["header-segment-11", "segment-size", "segments of 2 KiB", { segmentLog2: 11 }],
    ["header-segment-25", "segment-size", "segments of 32 MiB", { segmentLog2: 25 }],
    ["header-flags", "flags", "a flag is set", { flags: 1 }],
    [
      "header-core-length",
      "core-length",
      "the core's length is not the sum of its parts",
      { coreLength: 5000 },
    ],
    ["header-core-4g", "core-length", "the core claims 4 GiB", { coreLength: 0xffff_ffff }],
    [
      "header-public-4g",
      "metadata-length",
      "the public metadata claims 4 GiB",
      { publicLength: 0xffff_ffff },
    ],
    [
      "header-sealed-4g",
      "metadata-length",
      "the sealed metadata claims 4 GiB",
      { sealedLength: 0xffff_ffff },
    ],
    [
      "header-sealed-17",
      "metadata-length",
      "the sealed metadata is 17 bytes",
      { sealedMetadata: Buffer.from("1") },
    ],
    [
      "header-sealed-65553",
      "metadata-length",
      "the sealed metadata is one byte too long",
      { sealedMetadata: Buffer.from(`{"a":"${"a".repeat(65_537 - 8)}"}`) },
    ],
  ];
}

function metadataRows(): Row[] {
  const text = JSON.stringify(METADATA);
  const at = (changed: string | Buffer) => ({ metadata: Buffer.from(changed) });
  return [
    ["metadata-1-byte", "metadata-length", "public metadata of one byte", at("1")],
    ["metadata-16385", "metadata-length", "public metadata of 16,385 bytes", at(padTo(text, 16_385))],
    ["metadata-space", "metadata", "public metadata with a space in it", at(text.replace(":", ": "))],
    [
      "metadata-twice",
      "metadata",
      "a key twice in the public metadata",
      at(text.replace("{", '{"set":"other",')),
    ],
    [
      "metadata-escape",
      "metadata",
      "an escape that is not needed",
      at(text.replace("shop", String.raw`\u0073hop`)),
    ],
    ["metadata-bom", "metadata", "a byte order mark", at(`\uFEFF${text}`)],
    [
      "metadata-utf8",
      "metadata",
      "invalid UTF-8",
      at(Buffer.from(text.replace("shop", "sh\u00FFp"), "latin1")),
    ],
    ["metadata-nul", "metadata", "a NUL behind the object", at(`${text}\0`)],
    ["metadata-array", "metadata", "an array instead of an object", at(`[${text}]`)],
    ["metadata-nan", "metadata", "a number that JSON has not", at(text.replace('"seq":1', '"seq":NaN'))],
  ];
}

/** `text` with one more key, so that it has exactly `length` bytes. */
export function padTo(text: string, length: number): string {
  return text.replace("{", `{"pad":"${"a".repeat(length - text.length - 9)}",`);
}

function signerRows(): Row[] {
  const other = forge(design()).header.subarray(-64);
  const { publicKey } = signerFrom(keyOf("signer"));
  return [
    ["signer-zero", "signer", "an all-zero signer and all-zero signatures", weak("00".repeat(32))],
    ["signer-identity", "signer", "the neutral element as signer", weak(`01${"00".repeat(31)}`, "01")],
    [
      "signer-order-8",
      "signer",
      "a signer of order 8",
      weak("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    ],
    [
      "signer-not-canonical",
      "signer",
      "y = p + 1, the neutral element again",
      weak(`ee${"ff".repeat(30)}7f`, "01"),
    ],
    [
      "signature-zero",
      "header-signature",
      "an all-zero header signature",
      { headerSignature: Buffer.alloc(64) },
    ],
    [
      "signature-transplanted",
      "header-signature",
      "the header signature of another backup",
      { headerSignature: other },
    ],
    [
      "signature-role",
      "header-signature",
      "a genuine signature over the role of the final one",
      { headerMessage: "dbacked.v2 final-sig" },
    ],
    [
      "signature-other-host",
      "header-signature",
      "the header is signed by another host than it names",
      { signer: { publicKey, sign: signerFrom(keyOf("mallory")).sign } },
    ],
  ];
}

/** A signer under whose key anybody can sign: R is the point `first`, s is zero. */
function weak(publicKey: string, first = "00"): Partial<Design> {
  const signature = Buffer.from(first.padEnd(128, "0"), "hex");
  return { signer: { publicKey: Buffer.from(publicKey, "hex"), sign: () => signature } };
}
