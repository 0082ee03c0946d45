import { chmod, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { printInstaller } from "../../scripts/release.ts";
import { runProgram, temporaryFolder, type TemporaryFolder } from "../../scripts/services/service.ts";
import {
  makeReleaseKey,
  openSite,
  type ReleaseKey,
  type Site,
  writeScript,
  writeSmallRelease,
  writeToolbox,
} from "./site.ts";

/** How install.sh is run. */
export interface Run {
  args?: readonly string[];
  /** @default the ground's site */
  url?: string;
  /** PATH. @default a toolbox with curl and openssl */
  path?: string;
  shell?: readonly string[];
  /** Words before the shell. */
  prefix?: readonly string[];
  /** Changes the script. */
  edit?: (script: string) => string;
  /** @default one that is not there */
  home?: string;
}

/** What it came to. */
export interface Installed {
  code: number;
  out: string;
  err: string;
}

/** A site with the releases 1.2.3 and 1.0.0, and a folder to install below. */
export class Ground {
  readonly key: ReleaseKey = makeReleaseKey();
  readonly site: Site;
  readonly path: string;
  readonly #folder: TemporaryFolder;

  private constructor(site: Site, folder: TemporaryFolder) {
    this.site = site;
    this.path = folder.path;
    this.#folder = folder;
  }

  static async prepare(): Promise<Ground> {
    const ground = new Ground(await openSite(), await temporaryFolder("install"));
    const { key, site, path } = ground;
    await chmod(path, 0o755);
    await writeToolbox(join(path, "tools"), ["curl", "openssl"]);
    await writeSmallRelease({ folder: site.folder, version: "1.2.3", key });
    await writeSmallRelease({ folder: join(site.folder, "v1.0.0"), version: "1.0.0", key });
    return ground;
  }

  /** An empty folder. */
  async newFolder(): Promise<string> {
    const path = join(this.path, crypto.randomUUID());
    await mkdir(path);
    return path;
  }

  /** A folder for PATH with what install.sh needs, and what is named. */
  async newToolbox(...names: readonly string[]): Promise<string> {
    return await writeToolbox(join(this.path, crypto.randomUUID()), names);
  }

  /** A site of its own with the release 1.2.3 in it. */
  async otherSite(signedBy: ReleaseKey | null = this.key): Promise<Site> {
    const other = await openSite();
    await writeSmallRelease({ folder: other.folder, version: "1.2.3", key: signedBy });
    return other;
  }

  async start(run: Run): Promise<Bun.Subprocess<"ignore", "pipe", "pipe">> {
    const { args = [], url = this.site.url, path = join(this.path, "tools") } = run;
    const { shell = ["sh"], prefix = [], edit = String, home = "/nonexistent" } = run;
    const script = join(await this.newFolder(), "install.sh");
    await Bun.write(script, edit(await printInstaller(this.key.publicKey)));
    return Bun.spawn([...prefix, ...shell, script, ...args], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
      cwd: this.path,
      env: { PATH: path, HOME: home, DBACKED_DOWNLOAD_URL: url },
    });
  }

  async install(run: Run): Promise<Installed> {
    const child = await this.start(run);
    const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    return { code, out, err };
  }

  /** Installs into a folder where a program is already, and tells what is there afterwards. */
  async reinstall(run: Run): Promise<Installed & { version: string; files: string[] }> {
    const dir = await this.newFolder();
    await writeScript(join(dir, "dbacked"), "echo old");
    const installed = await this.install({ ...run, args: ["--dir", dir, ...(run.args ?? [])] });
    const version = (await runProgram([join(dir, "dbacked"), "--version"])).trim();
    return { ...installed, version, files: await readdir(dir) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.site[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}
