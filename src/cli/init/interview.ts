import { type Fields, textIn } from "../../setup/answers.ts";
import { loadDraft } from "../../setup/draft.ts";
import { checkTerminal, tell } from "../print/prompt.ts";
import { askAlerts } from "./alerts.ts";
import { askDatabase } from "./database.ts";
import { askKeys, type Keys } from "./keys.ts";
import { INSTEAD, type Scene } from "./scene.ts";
import { askStore } from "./store.ts";
import { askKeep, askTimes } from "./times.ts";

/** All that was answered, and tried. */
export interface Outline {
  top: Fields;
  database: Fields;
  store: Fields;
  keys: Keys;
}

/**
 * Asks everything, and tries each answer before the next question.
 *
 * @throws {DbackedError} `usage`, if nobody can be asked; the failure at which whoever is asked stops.
 */
export async function interview(scene: Scene): Promise<Outline> {
  checkTerminal({ message: "What is to be backed up?", instead: INSTEAD });
  // What nobody is asked cannot be answered otherwise later either.
  await loadDraft(scene.file, { top: scene.given.top }, []);
  await tell(
    "step",
    "This sets up backups on this host. Until the end, nothing but a new pair of keys is written.",
  );
  const database = await askDatabase(scene);
  const { store, isDeletable } = await askStore(scene);
  const keys = await askKeys(scene);
  const times = await askTimes(scene);
  // Where nothing can be removed, there is nothing to choose.
  const keep = isDeletable ? await askKeep(scene) : {};
  const alerts = await askAlerts(scene, textIn(database, "name") ?? "");
  return {
    top: scene.given.top,
    database: { ...named(database), ...times, ...keep, ...alerts },
    store,
    keys,
  };
}

/** The name comes first in the file. */
function named({ name = "", ...rest }: Fields): Fields {
  return { name, ...rest };
}
