import { readFile } from "node:fs/promises";

/** What decides which binary a host needs. */
export interface Host {
  /** As in `process.platform`. */
  platform: string;
  /** As in `process.arch`. */
  arch: string;
  hasAvx2: boolean;
  isMusl: boolean;
}

/** Looks at the host that runs this program. */
export async function describeHost(): Promise<Host> {
  const { platform, arch } = process;
  if (platform !== "linux") return { platform, arch, hasAvx2: true, isMusl: false };
  const [cpu, maps] = await Promise.all([readProc("cpuinfo"), readProc("self/maps")]);
  // The libraries that this very program is linked with, whatever else is installed.
  return { platform, arch, hasAvx2: /^flags\s*:.*\savx2\b/m.test(cpu), isMusl: maps.includes("/ld-musl-") };
}

/** The file of a release that a host needs, chosen as install.sh does. */
export function fileFor({ platform, arch, hasAvx2, isMusl }: Host): string {
  const baseline = platform === "linux" && arch === "x64" && !hasAvx2 ? "-baseline" : "";
  return `dbacked-${platform}-${arch}${baseline}${isMusl ? "-musl" : ""}.gz`;
}

async function readProc(name: string): Promise<string> {
  return readFile(`/proc/${name}`, "utf8").catch(() => "");
}
