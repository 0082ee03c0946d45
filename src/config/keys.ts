import { z } from "zod";

import { reasonOf } from "../base/error.ts";
import { Secret } from "../base/secret.ts";
import { readSignerText } from "../seal/signer.ts";
import type { TrustedSigner } from "../seal/unlock.ts";
import type { IdentityConfig, RecipientConfig, SignerConfig } from "./config.ts";
import { isTable, type Path } from "./document.ts";
import type { Mistakes } from "./mistakes.ts";
import { warnOpen } from "./secret-file.ts";
import { isInlineKey } from "./secrets.ts";
import type { Settings } from "./settings.ts";
import { readSmallFile } from "./small-file.ts";
import { validate } from "./validate.ts";

const pathOption = z.string().min(1);

const encryptionOptions = z.strictObject({
  recipients: z
    .array(
      z.union([pathOption, z.strictObject({ path: pathOption, label: z.boolean() })], {
        error: "expected a key in PEM, a path to one, or { path, label = false }",
      }),
    )
    .min(1, "expected at least one public key"),
});

const keyOption = z.union([pathOption, z.instanceof(Secret)], {
  error: "expected a key in PEM, or a path to one",
});

const signingOptions = z.strictObject({ keyFile: keyOption.optional() });

const signerText = z.string().transform((text, context) => {
  try {
    return readSignerText(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: reasonOf(error) });
    return z.NEVER;
  }
});

const identityOptions = z.strictObject({
  privateKey: keyOption.optional(),
  passphrase: z
    .instanceof(Secret, {
      error: "cannot stand in a file: set DBACKED_PRIVATE_KEY_PASSPHRASE, or its _FILE twin",
    })
    .optional(),
  trustedSigners: z
    .array(
      z.union(
        [
          signerText.transform((key) => ({ key, storedBefore: null })),
          z.strictObject({
            key: signerText,
            storedBefore: z.iso.datetime({ offset: true }).transform((moment) => new Date(moment)),
          }),
        ],
        { error: 'expected "ed25519:…", or { key = "ed25519:…", storedBefore = 2026-11-22T02:00:00Z }' },
      ),
    )
    .default([]),
});

/** Makes a `Secret` of each private key that stands in the settings themselves. */
export function hideKeys({ tree }: Settings): void {
  for (const [section, key] of [
    ["identity", "privateKey"],
    ["signing", "keyFile"],
  ] as const) {
    const table = tree[section];
    if (isTable(table) && isInlineKey(table[key])) table[key] = new Secret(unescape(table[key]));
  }
}

/** Reads `[encryption]`, and if they are needed the public keys that it names. */
export async function readRecipients(
  settings: Settings,
  areNeeded: boolean,
  mistakes: Mistakes,
): Promise<RecipientConfig[]> {
  const section = readSection("encryption", encryptionOptions, settings, mistakes);
  const recipients: RecipientConfig[] = [];
  if (!areNeeded || section === null) return recipients;
  for (const [at, entry] of section.recipients.entries()) {
    const path = ["encryption", "recipients", at];
    const { path: key, label } = typeof entry === "string" ? { path: entry, label: true } : entry;
    const read = await readKey(key, path, settings);
    if (typeof read === "string") mistakes.add(settings.placeOf(path), read);
    else recipients.push({ from: read.from, pem: read.pem.reveal(), label });
  }
  return recipients;
}

/** Reads `[signing]`; without it the key is `signer.pem` beside the file. */
export function readSigning(settings: Settings, mistakes: Mistakes): SignerConfig | null {
  const section = readSection("signing", signingOptions, settings, mistakes);
  const key = section?.keyFile;
  if (key instanceof Secret) return { pem: key };
  const path = ["signing", "keyFile"];
  if (key !== undefined) return { file: settings.resolve(path, key) };
  return settings.path === null ? null : { file: settings.resolve(path, "signer.pem") };
}

/** Reads `[identity]`, and if it is needed the private key that it names. */
export async function readIdentity(
  settings: Settings,
  isNeeded: boolean,
  mistakes: Mistakes,
): Promise<{ identity: IdentityConfig | null; trustedSigners: readonly TrustedSigner[] }> {
  const section = readSection("identity", identityOptions, settings, mistakes);
  const { privateKey, passphrase = null, trustedSigners = [] } = section ?? {};
  if (!isNeeded || privateKey === undefined) return { identity: null, trustedSigners };
  const path = ["identity", "privateKey"];
  const read = await readKey(privateKey, path, settings);
  if (typeof read !== "string") {
    const { from, pem, isOpen } = read;
    // Else it is not the key's file, which is told when it is read.
    if (isOpen && pem.reveal().includes("PRIVATE KEY"))
      settings.warnings.push(warnOpen(from, "a private key"));
    return { identity: { from, pem, passphrase }, trustedSigners };
  }
  mistakes.add(settings.placeOf(path), read);
  return { identity: null, trustedSigners };
}

function readSection<Output>(
  name: string,
  schema: z.ZodObject & z.ZodType<Output>,
  settings: Settings,
  mistakes: Mistakes,
): Output | null {
  const value = settings.get([name]);
  if (value === undefined) return null;
  return validate(schema, { value, path: [name], keys: Object.keys(schema.shape) }, settings, mistakes);
}

/** A key that begins with `-----BEGIN` is the key itself, else a path. Gives the reason if it cannot be read. */
async function readKey(
  key: string | Secret,
  path: Path,
  settings: Settings,
): Promise<{ from: string; pem: Secret; isOpen: boolean } | string> {
  const place = settings.placeOf(path);
  if (key instanceof Secret) return { from: place, pem: key, isOpen: false };
  if (isInlineKey(key)) return { from: place, pem: new Secret(unescape(key)), isOpen: false };
  const from = settings.resolve(path, key);
  const file = await readSmallFile(from);
  return typeof file === "string" ? file : { from, pem: new Secret(file.text), isOpen: file.isOpen };
}

/** Variables often have `\n` where a PEM has a new line. */
function unescape(pem: string): string {
  return pem.includes("\n") ? pem : pem.replaceAll("\\n", "\n");
}
