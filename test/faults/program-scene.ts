import { expect } from "bun:test";
import { join } from "node:path";
import { waitUntil } from "../../scripts/services/service.ts";
import { startCutter } from "../conformance/database/cutter.ts";
import type { Finished } from "../integration/binary.ts";
import { isRunning, listGood } from "../integration/scene.ts";
import { backUp, type Workspace, workspace } from "../integration/workspace.ts";
import { type Door, openDoor } from "./door.ts";
import { type Engine, replaceDump, type Subject } from "./engine.ts";
import { lookInto } from "./file.ts";
import type { ProgramRow } from "./program-rows.ts";

/** A backup and what it must bring back. */
interface Kept {
  id: string;
  content: string;
}

/** A host with one good backup in a folder, whose database has grown since. */
export class ProgramScene implements AsyncDisposable {
  readonly host: Workspace;
  readonly #engine: Engine;
  readonly #subject: Subject;
  readonly #door: Door;
  readonly #port: number;
  #older: Kept | null = null;

  private constructor(engine: Engine, subject: Subject, door: Door, host: Workspace) {
    this.#engine = engine;
    this.#subject = subject;
    this.#door = door;
    this.#port = door.to;
    this.host = host;
  }

  static async make(engine: Engine): Promise<ProgramScene> {
    const subject = await engine.make();
    const door = await openDoor(Number(new URL(subject.url).port));
    const scene = new ProgramScene(engine, subject, door, await workspace());
    await subject.grow();
    scene.#older = await scene.#backUp();
    await subject.grow();
    return scene;
  }

  /** Everything that lies in the store, and the backups that count. */
  async look(): Promise<{ files: readonly string[]; good: readonly string[] }> {
    return { files: await lookInto(this.host.store), good: await listGood(this.host) };
  }

  /** Runs with the harm of a row, and waits until the processes that it names are gone. */
  async run({ script, cutAfter, stallTimeout }: ProgramRow): Promise<Finished> {
    const pids = join(this.host.folder, "pids");
    await Bun.write(pids, "");
    const body = `PIDS=${pids}\n${script}`;
    await this.#configure({
      ...(script === undefined
        ? {}
        : { databaseToolsDirectory: await replaceDump(this.#engine, this.host.folder, body) }),
      ...(stallTimeout === undefined ? {} : { stallTimeout }),
    });
    const finished = await this.#runCut(cutAfter);
    const strays = (await Bun.file(pids).text()).trim().split(/\s+/).map(Number);
    const areGone = async () => !(await Promise.all(strays.map(isRunning))).includes(true);
    await waitUntil(areGone, { what: "its processes to be gone", timeoutMs: 5000 });
    return finished;
  }

  /** Restores the older backup, and a new one, and compares both. */
  async expectRestorable(): Promise<void> {
    for (const each of [this.#older, await this.#backUp()]) {
      const target = await this.#engine.make();
      const args = [
        "restore",
        each?.id ?? "",
        "--private-key-path",
        this.host.privateKey,
        "--to",
        target.url,
      ];
      expect(await this.host.run(args)).toMatchObject({ exitCode: 0 });
      expect(await target.content()).toBe(each?.content ?? "");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#door[Symbol.asyncDispose]();
    await this.host[Symbol.asyncDispose]();
  }

  async #runCut(after: number | undefined): Promise<Finished> {
    if (after === undefined) return await this.host.run(["run", "--once", "--json"]);
    await using cutter = await startCutter(this.#port, { after });
    this.#door.to = cutter.port;
    const finished = await this.host.run(["run", "--once", "--json"]);
    this.#door.to = this.#port;
    expect(cutter.cuts).toBeGreaterThan(0);
    return finished;
  }

  async #backUp(): Promise<Kept> {
    await this.#configure();
    const { id } = await backUp(this.host);
    return { id, content: await this.#subject.content() };
  }

  /** The address stays the same, whether there is a cutter behind it or not: another would be another source. */
  async #configure(more: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const url = new URL(this.#subject.url);
    url.port = String(this.#door.port);
    for (const [name, value] of Object.entries(this.#engine.direct)) url.searchParams.set(name, value);
    const { type } = this.#engine;
    await this.host.configure({ databases: [{ name: "shop", type, url: url.href, ...more }] });
  }
}
