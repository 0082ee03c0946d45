import { afterAll, expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../scripts/services/service.ts";
import { noteSigner } from "../../src/job/keygen.ts";
import { errorOf } from "../conformance/sample.ts";

const SIGNER = "ed25519:DZTmQJgdr2kxVor3vfV1nLZi3P/VspJONseiWs/zpGw=";

const folder = await temporaryFolder("kit");
afterAll(async () => folder[Symbol.asyncDispose]());

function kitIn(name: string): { readMe: string; kit: Parameters<typeof noteSigner>[0] } {
  const at = (file: string) => join(folder.path, name, file);
  const publicKey = at("dbacked-public.pem");
  return { readMe: at("README.txt"), kit: { publicKey, privateKey: "", files: [], fingerprint: "" } };
}

test("noteSigner() writes the signer once, whatever the host is called", async () => {
  const { readMe, kit } = kitIn("waiting");
  await Bun.write(readMe, "Signers:\n  ed25519:\n");
  for (const host of ["web-1 $& $'", "other"]) await noteSigner(kit, SIGNER, host);
  expect(await Bun.file(readMe).text()).toBe(`Signers:\n  ${SIGNER} (web-1 $& $')\n`);
});

test("noteSigner() writes nothing where there is no kit any more", async () => {
  await noteSigner(kitIn("gone").kit, SIGNER, "web-1");
});

test("noteSigner() gives the line to write by hand where it cannot", async () => {
  const { readMe, kit } = kitIn("broken");
  await mkdir(readMe, { recursive: true });
  expect(await errorOf(noteSigner(kit, SIGNER, "web-1"))).toMatchObject({
    kind: "key",
    message: expect.stringContaining(readMe),
    hint: expect.stringContaining(`${SIGNER} (web-1)`),
  });
});
