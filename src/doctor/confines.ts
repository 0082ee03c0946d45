import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";

import type { Config } from "../config/config.ts";
import { writtenFolders } from "../config/written-folders.ts";
import { quoteForSystemd } from "../host/quote.ts";
import { readOnlyFor } from "../host/unit-reach.ts";
import { type Check, doubtful } from "./check.ts";

/** Where what overrides a unit lies. @see systemd.unit(5) */
const OVERRIDES = ["usr/lib/systemd/system", "run/systemd/system", "etc/systemd/system"];

/**
 * Says what a unit keeps its service from writing to: what came into the config after the unit was written. `root` is where the
 * file system begins.
 */
export async function checkConfines(
  config: Config,
  units: readonly string[],
  root = "/",
): Promise<readonly Check[]> {
  const folders = await writtenFolders(config);
  const checks: Check[] = [];
  for (const unit of units) {
    const texts = await readUnit(unit, root);
    if (!follows(texts.join("\n"), config.path)) continue;
    const closed = readOnlyFor(texts, folders);
    if (closed.length === 0) continue;
    const what = `${unit} lets its service only read ${closed.join(" and ")}, where a backup has to write`;
    const paths = closed.map((folder) => quoteForSystemd("path", folder)).join(" ");
    const hint = `\`systemctl edit ${basename(unit)}\`, with [Service] and, below it, ReadWritePaths=${paths}; then restart it`;
    checks.push(doubtful("schedule", what, hint));
  }
  return checks;
}

/** A unit may be for another config. */
function follows(text: string, path: string | null): boolean {
  return !/^ExecStart=.*--config\b/m.test(text) || (path !== null && text.includes(path));
}

async function readUnit(unit: string, root: string): Promise<string[]> {
  const paths = [unit];
  for (const folder of OVERRIDES) {
    const inside = join(folder, `${basename(unit)}.d`);
    const names: string[] = await readdir(join(root, inside)).catch(() => []);
    for (const name of names.toSorted()) if (name.endsWith(".conf")) paths.push(join(inside, name));
  }
  return await Promise.all(paths.map((path) => readText(join(root, path))));
}

async function readText(path: string): Promise<string> {
  return await Bun.file(path)
    .text()
    .catch(() => "");
}
