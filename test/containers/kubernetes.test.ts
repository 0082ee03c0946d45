// examples/kubernetes.yaml, run as Kubernetes would: by a user that is not root, on a read-only root, without any right.
import { expect, setDefaultTimeout, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { waitUntil } from "../../scripts/services/service.ts";
import { createDatabase } from "../database/postgres/servers.ts";
import { contentOf, smallDatabase } from "../integration/sample-database.ts";
import { sharedKeys } from "../integration/workspace.ts";
import { sharedPostgres, sharedSeaweed } from "../services.ts";
import { makeBucket } from "../store/bucket.ts";
import { type Cage, openCage } from "./cage.ts";
import { environmentOf, type Manifest, mountVolumes, readManifest } from "./manifest.ts";

setDefaultTimeout(60_000);

const PROGRAM = "/usr/local/bin/dbacked";

/** The example with the addresses, names and secrets of servers that are there. */
async function workingManifest(): Promise<Manifest> {
  const [server, s3, keys] = await Promise.all([sharedPostgres(), sharedSeaweed(), sharedKeys()]);
  const bucket = await makeBucket(s3);
  const { privateKey } = generateKeyPairSync("ed25519", {
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const manifest = await readManifest();
  const { data } = manifest.config;
  const url = server.url(await smallDatabase());
  data["dbacked-public.pem"] = await Bun.file(keys.publicKey).text();
  data["config.toml"] = edit(data["config.toml"] ?? "", {
    "postgres://backup@db.shop.svc.cluster.local/shop": url,
    "acme-backups": bucket.name,
    AKIAEXAMPLE: s3.accessKeyId,
    'region = "eu-west-1"': `endpoint = "${s3.endpoint}"`,
  });
  Object.assign(manifest.secrets.stringData, {
    "signer.pem": privateKey,
    "s3-secret-access-key": s3.secretAccessKey,
    "shop-password": "unused",
  });
  return manifest;
}

function edit(text: string, changes: Readonly<Record<string, string>>): string {
  return Object.entries(changes).reduce((edited, [old, changed]) => {
    expect(edited).toContain(old);
    return edited.replaceAll(old, changed);
  }, text);
}

async function cageFor(manifest: Manifest): Promise<Cage> {
  const { binDirectory } = await sharedPostgres();
  const cage = await openCage(["pg_dump", "psql", "pg_restore"].map((name) => join(binDirectory, name)));
  await mountVolumes(cage, manifest);
  return cage;
}

test("the CronJob backs up, once, and what it stored is restored in the same image", async () => {
  const [server, keys, manifest] = await Promise.all([sharedPostgres(), sharedKeys(), workingManifest()]);
  await using cage = await cageFor(manifest);
  const env = environmentOf(manifest);
  const [{ args }] = manifest.pod.containers;

  const run = await (await cage.start([PROGRAM, ...args, "--json"], env)).finished;
  expect(run).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('"database": "shop"') });
  expect(run.stderr).not.toContain("warn");
  const again = await (await cage.start([PROGRAM, ...args, "--json"], env)).finished;
  expect(JSON.parse(again.stdout)).toMatchObject({ backups: [], failures: [] });

  const target = await createDatabase(server);
  await cage.mountFiles("/key", { "private.pem": await Bun.file(keys.privateKey).text() });
  const words = [
    "restore",
    "--last-backup",
    "--private-key-path",
    "/key/private.pem",
    "--to",
    server.url(target),
  ];
  const restored = await (await cage.start([PROGRAM, ...words], env)).finished;
  expect(restored).toMatchObject({ exitCode: 0, stdout: "" });
  expect(await contentOf(target)).toBe(await contentOf(await smallDatabase()));
});

test("nothing can be written in there but /tmp, and no right is left", async () => {
  await using cage = await openCage(["/usr/bin/id", "/usr/bin/touch", "/usr/bin/cat"]);
  await cage.mountFiles("/etc/dbacked", { "config.toml": "" });
  const outcome = async (...argv: string[]) => await (await cage.start(argv)).finished;
  expect((await outcome("/usr/bin/id", "-u")).stdout).toBe("65532\n");
  const status = (await outcome("/usr/bin/cat", "/proc/self/status")).stdout;
  for (const set of ["Inh", "Prm", "Eff", "Bnd", "Amb"])
    expect(status).toMatch(new RegExp(`^Cap${set}:\\s0+$`, "m"));
  expect(status).toMatch(/^NoNewPrivs:\s1$/m);
  for (const path of ["/x", "/usr/local/bin/x", "/etc/dbacked/x", "/dev/x"])
    expect(await outcome("/usr/bin/touch", path)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/Read-only|Permission/),
    });
  expect(await outcome("/usr/bin/touch", "/tmp/x")).toMatchObject({ exitCode: 0 });
});

test("the program stays as process 1, and ends in order when it is told to", async () => {
  const manifest = await workingManifest();
  await using cage = await cageFor(manifest);
  const running = await cage.start([PROGRAM, "run", "--verbose"], environmentOf(manifest));
  // The first backup is due at once.
  await waitUntil(
    async () => {
      const look = await (await cage.start([PROGRAM, "list", "--json"], environmentOf(manifest))).finished;
      return (JSON.parse(look.stdout) as unknown[]).length === 1;
    },
    { what: "the first backup" },
  );
  await running.kill("SIGTERM");
  expect((await running.finished).exitCode).toBe(143);
});

test("the CronJob asks for no more than it needs", async () => {
  const { job, pod } = await readManifest();
  const [container] = pod.containers;
  expect(pod.securityContext).toMatchObject({
    runAsNonRoot: true,
    runAsUser: 65_532,
    runAsGroup: 65_532,
    seccompProfile: { type: "RuntimeDefault" },
  });
  expect(container.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  expect(pod.automountServiceAccountToken).toBe(false);
  // Kubernetes would set DBACKED_PORT and the like for a Service of that name, which no config knows.
  expect(pod.enableServiceLinks).toBe(false);
  expect(job.spec.concurrencyPolicy).toBe("Forbid");
  expect(job.spec.jobTemplate.spec.activeDeadlineSeconds).toBeLessThan(24 * 3600);
  // What is under way has 30 s to end.
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(30);
});
