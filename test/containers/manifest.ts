import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Cage } from "./cage.ts";

const FILE = fileURLToPath(import.meta.resolve("../../examples/kubernetes.yaml"));

const texts = z.record(z.string(), z.string());
const named = { apiVersion: z.literal("v1"), metadata: z.strictObject({ name: z.string() }) };

const configMap = z.strictObject({ ...named, kind: z.literal("ConfigMap"), data: texts });

const secret = z.strictObject({ ...named, kind: z.literal("Secret"), stringData: texts });

const volume = z.union([
  z.strictObject({ name: z.string(), configMap: z.strictObject({ name: z.string() }) }),
  z.strictObject({
    name: z.string(),
    secret: z.strictObject({
      secretName: z.string(),
      defaultMode: z.number(),
      items: z.array(z.strictObject({ key: z.string(), path: z.string() })),
    }),
  }),
  z.strictObject({
    name: z.string(),
    emptyDir: z.strictObject({ medium: z.literal("Memory"), sizeLimit: z.string() }),
  }),
]);

const container = z.strictObject({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()),
  env: z.array(
    z.strictObject({
      name: z.string(),
      valueFrom: z.strictObject({ secretKeyRef: z.strictObject({ name: z.string(), key: z.string() }) }),
    }),
  ),
  securityContext: z.record(z.string(), z.unknown()),
  resources: z.strictObject({ requests: texts, limits: texts }),
  volumeMounts: z.array(
    z.strictObject({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().optional() }),
  ),
});

const pod = z.strictObject({
  restartPolicy: z.literal("Never"),
  terminationGracePeriodSeconds: z.number(),
  automountServiceAccountToken: z.boolean(),
  enableServiceLinks: z.boolean(),
  securityContext: z.record(z.string(), z.unknown()),
  containers: z.tuple([container]),
  volumes: z.array(volume),
});

const cronJob = z.strictObject({
  apiVersion: z.literal("batch/v1"),
  kind: z.literal("CronJob"),
  metadata: z.strictObject({ name: z.string() }),
  spec: z.strictObject({
    schedule: z.string(),
    timeZone: z.string(),
    concurrencyPolicy: z.enum(["Allow", "Forbid", "Replace"]),
    startingDeadlineSeconds: z.number(),
    successfulJobsHistoryLimit: z.number(),
    failedJobsHistoryLimit: z.number(),
    jobTemplate: z.strictObject({
      spec: z.strictObject({
        backoffLimit: z.number(),
        activeDeadlineSeconds: z.number(),
        template: z.strictObject({ metadata: z.strictObject({ labels: texts }), spec: pod }),
      }),
    }),
  }),
});

/** The objects of examples/kubernetes.yaml, in which nothing may stand that these schemas do not know. */
export type Manifest = Awaited<ReturnType<typeof readManifest>>;

/** Reads examples/kubernetes.yaml, after `edit`. */
export async function readManifest(edit: (text: string) => string = String) {
  const documents: unknown = Bun.YAML.parse(edit(await Bun.file(FILE).text()));
  const [config, secrets, job] = z.tuple([configMap, secret, cronJob]).parse(documents);
  return { config, secrets, job, pod: job.spec.jobTemplate.spec.template.spec };
}

/** Gives a cage the volumes of the pod, as Kubernetes would. */
export async function mountVolumes(cage: Cage, manifest: Manifest): Promise<void> {
  const { pod } = manifest;
  const [{ volumeMounts }] = pod.containers;
  for (const { name, mountPath, readOnly = false } of volumeMounts) {
    const volume = pod.volumes.find((each) => each.name === name);
    if (volume === undefined) throw new Error(`there is no volume ${name}`);
    const files = filesOf(volume, manifest);
    if (files !== null) await cage.mountFiles(mountPath, files);
    // A cage has a /tmp in memory already, as large as this one.
    else if (mountPath !== "/tmp" || readOnly)
      throw new Error(`${name} is an empty folder elsewhere than /tmp`);
  }
}

/** The variables of the container. */
export function environmentOf({ pod, secrets }: Manifest): Record<string, string> {
  const [{ env }] = pod.containers;
  return Object.fromEntries(
    env.map(({ name, valueFrom: { secretKeyRef } }) => {
      if (secretKeyRef.name !== secrets.metadata.name)
        throw new Error(`no secret is called ${secretKeyRef.name}`);
      return [name, textOf(secrets.stringData, secretKeyRef.key)];
    }),
  );
}

function filesOf(
  volume: Manifest["pod"]["volumes"][number],
  { config, secrets }: Manifest,
): Record<string, string> | null {
  if ("configMap" in volume) {
    if (volume.configMap.name !== config.metadata.name) throw new Error(`no ConfigMap for ${volume.name}`);
    return config.data;
  }
  if ("emptyDir" in volume) return null;
  if (volume.secret.secretName !== secrets.metadata.name) throw new Error(`no Secret for ${volume.name}`);
  return Object.fromEntries(
    volume.secret.items.map(({ key, path }) => [path, textOf(secrets.stringData, key)]),
  );
}

function textOf(texts: Readonly<Record<string, string>>, key: string): string {
  const text = texts[key];
  if (text === undefined) throw new Error(`the secret has no ${key}`);
  return text;
}
