import { expect, setDefaultTimeout, test } from "bun:test";
import { chmod } from "node:fs/promises";
import { join } from "node:path";

import { Secret } from "../../src/base/secret.ts";
import { temporaryFolder } from "../../scripts/services/service.ts";
import type { Config } from "../../src/config/config.ts";
import { surveyConfig } from "../../src/config/load.ts";
import { checkKeys } from "../../src/doctor/keys.ts";
import { makeSigner } from "../../src/job/signer.ts";
import { generateIdentity } from "../../src/seal/key.ts";
import { told } from "./patient.ts";

setDefaultTimeout(30_000);

const never = new AbortController().signal;

async function configIn(folder: string, publicPem: string): Promise<Config> {
  await Bun.write(join(folder, "public.pem"), publicPem);
  await chmod(join(folder, "public.pem"), 0o644);
  const file = join(folder, "config.toml");
  await Bun.write(
    file,
    `[encryption]\nrecipients = ["public.pem"]\n[[databases]]\nname = "a"\ntype = "sqlite"\npath = "/a.db"\n`,
  );
  const { config } = await surveyConfig({ environment: {}, file }, ["recipients"]);
  if (config === null) throw new Error("no config was read");
  return config;
}

test("checkKeys() complains while the private key lies on this host, protected or not", async () => {
  await using folder = await temporaryFolder("doctor");
  const { path } = folder;
  const { publicPem, privatePem } = await generateIdentity(2048, null);
  const config = await configIn(path, publicPem);
  const look = async (configured: string | null = null) =>
    told(await checkKeys(config, { folders: [path], configured }, never)).map((line) =>
      line.replaceAll(path, "").replace(/[0-9a-f]{12}/, "FP"),
    );
  const sealed = [
    "✓ keys: backups are sealed for FP (/public.pem)",
    "! keys: the public key /public.pem: it has 2048 bits; at least 3072 are advised",
    "✓ keys: this host's signing key, /signer.pem, will be made with its first backup",
  ];
  expect(await look()).toEqual([...sealed, "✓ keys: no private key was found beside the config, nor in "]);

  await Bun.write(join(path, "kept.pem"), privatePem);
  const lies =
    "! keys: the private key that opens the backups lies on this host, without a passphrase: /kept.pem";
  expect(await look()).toEqual([...sealed, lies]);
  expect(await look(join(path, "kept.pem"))).toEqual([...sealed, lies]);

  const stranger = await generateIdentity(2048, null);
  await Bun.write(join(path, "kept.pem"), stranger.privatePem);
  expect((await look()).at(-1)).toMatch(/^✓ keys: no private key was found/);

  const { privatePem: locked } = await generateIdentity(2048, new Secret("a passphrase"));
  await Bun.write(join(path, "kept.pem"), locked);
  expect((await look()).at(-1)).toBe(
    "! keys: a private key lies on this host, under a passphrase: /kept.pem",
  );
});

test("checkKeys() tells of keys that others can change or read", async () => {
  await using folder = await temporaryFolder("doctor");
  const { path } = folder;
  const { publicPem } = await generateIdentity(3072, null);
  const config = await configIn(path, publicPem);
  await makeSigner(join(path, "signer.pem"));
  await chmod(join(path, "signer.pem"), 0o640);
  await chmod(join(path, "public.pem"), 0o666);
  const lines = told(await checkKeys(config, { folders: [], configured: null }, never));
  expect(lines.filter((line) => line.startsWith("✗"))).toEqual([
    expect.stringMatching(/public\.pem can be replaced by other users/),
    expect.stringMatching(/other users of this host may read or change .*signer\.pem/),
  ]);
  expect(lines).toContainEqual(expect.stringMatching(/^✓ keys: backups are signed by ed25519:/));
});

test("checkKeys() tells that a key cannot be used, and looks at the others", async () => {
  await using folder = await temporaryFolder("doctor");
  const config = await configIn(folder.path, "no key at all");
  const lines = told(await checkKeys(config, { folders: [], configured: null }, never));
  expect(lines[0]).toMatch(/^✗ keys: .*public\.pem: Cannot read the public key/);
  expect(lines).toHaveLength(3);
});
