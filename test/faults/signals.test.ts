import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { waitUntil } from "../../scripts/services/service.ts";
import type { Finished } from "../integration/binary.ts";
import { backUp, s3Store, sqliteDatabase, type Workspace, workspace } from "../integration/workspace.ts";
import { sharedSeaweed } from "../services.ts";
import { makeBucket, type TestBucket } from "../store/bucket.ts";
import { aging } from "./aging.ts";
import { expectRestored, fileOf, grow } from "./file.ts";
import { expectOutcome } from "./finished.ts";
import { type Injection, injecting } from "./injection.ts";
import { startProxy } from "./proxy.ts";
import { isFailure, type Remains } from "./row.ts";
import { SIGNAL_ROWS, type SignalRow } from "./signal-rows.ts";
import { takeTurn } from "./turn.ts";

setDefaultTimeout(240_000);

const MIB = 1024 * 1024;
const never = new AbortController().signal;
let bucket: Promise<TestBucket> | undefined;

/** A host with one good backup of an SQLite file in a bucket; the file has grown to two parts since. */
class Scene implements AsyncDisposable {
  readonly #host: Workspace;
  readonly #bucket: TestBucket;
  readonly #prefix = crypto.randomUUID();
  #older = "";
  #olderContent = "";
  #content = "";

  constructor(host: Workspace, used: TestBucket) {
    this.#host = host;
    this.#bucket = used;
  }

  static async make(): Promise<Scene> {
    bucket ??= sharedSeaweed().then(makeBucket);
    const scene = new Scene(await workspace(), await bucket);
    scene.#olderContent = grow(scene.#host, 1000);
    await scene.#configure((await sharedSeaweed()).endpoint);
    scene.#older = (await backUp(scene.#host)).id;
    scene.#content = grow(scene.#host, 9 * MIB);
    return scene;
  }

  /** Runs until the request of the row hangs, and then sends its signal. */
  async interrupt({ at, signal }: SignalRow): Promise<Finished> {
    const spoil = injecting([at]);
    let hangs = false;
    await using proxy = await startProxy((await sharedSeaweed()).endpoint, (request) => {
      const fault = spoil(request);
      if (fault !== null) hangs = true;
      return fault;
    });
    await this.#configure(proxy.endpoint);
    const running = await this.#host.start(["run", "--once", "--json"]);
    await waitUntil(() => hangs, { what: "the request to hang" });
    running.kill(signal);
    return await running.finished;
  }

  /** Makes a backup by way of a proxy. */
  async backUp(injections: readonly Injection[] = []): Promise<string> {
    await using proxy = await startProxy((await sharedSeaweed()).endpoint, injecting(injections));
    await this.#configure(proxy.endpoint);
    return (await backUp(this.#host)).id;
  }

  async openUploads(): Promise<string[]> {
    return (await this.#bucket.openUploads()).filter((key) => key.startsWith(this.#prefix));
  }

  async expectRemains(leaves: Remains | undefined): Promise<void> {
    expect((await this.openUploads()).length > 0).toBe(leaves === "upload");
    const isListed = leaves === "unproved";
    const others = (await this.#list()).filter((id) => id !== this.#older);
    expect(others).toHaveLength(isListed ? 1 : 0);
    const store = await this.#bucket.open({ prefix: this.#prefix });
    const { objects } = await store.list("app/2", never);
    const strange = objects.filter(({ key }) => ![this.#older, ...others].some((id) => key.includes(id)));
    expect(strange.length > 0).toBe(leaves === "orphan");
    expect(await readdir(this.#host.temporary)).toEqual([]);
    expect((await readdir(this.#host.folder)).filter((name) => name.startsWith("."))).toEqual([]);
    for (const id of others) await expectRestored(this.#host, id, this.#content);
    await expectRestored(this.#host, this.#older, this.#olderContent);
  }

  async expectWhole(id: string): Promise<void> {
    expect((await this.#list())[0]).toBe(id);
    await expectRestored(this.#host, id, this.#content);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#host[Symbol.asyncDispose]();
  }

  async #configure(endpoint: string): Promise<void> {
    await this.#host.configure({
      databases: [sqliteDatabase(fileOf(this.#host))],
      stores: [s3Store(await sharedSeaweed(), this.#bucket, { endpoint, prefix: this.#prefix })],
    });
  }

  async #list(): Promise<string[]> {
    await this.#configure((await sharedSeaweed()).endpoint);
    const { stdout } = await this.#host.run(["list", "--json"]);
    const listed = JSON.parse(stdout) as { id: string; doubt: string | null }[];
    return listed.filter(({ doubt }) => doubt === null).map(({ id }) => id);
  }
}

describe("dbacked is told to stop", () => {
  test.concurrent.each(SIGNAL_ROWS)("$where: $what", async (row) => {
    using _ = await takeTurn();
    await using scene = await Scene.make();
    expectOutcome(await scene.interrupt(row), row.outcome);
    const leaves = isFailure(row.outcome) ? row.outcome.leaves : "nothing";
    await scene.expectRemains(leaves);
    if (leaves === "upload") {
      // It may be that of a run on another host, until nothing has come for a week.
      await scene.backUp();
      expect(await scene.openUploads()).toHaveLength(1);
    }
    await scene.expectWhole(await scene.backUp(leaves === "upload" ? aging : []));
    expect(await scene.openUploads()).toEqual([]);
  });
});
