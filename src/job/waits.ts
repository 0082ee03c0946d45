import type { BackupName } from "../catalog/name.ts";
import type { BackupPlan } from "./backup.ts";
import type { Place } from "./copy.ts";
import type { Wait } from "./watchdog.ts";

const CHECK_STORE = "check the network between here and there, and the store itself, then run again";

/** The database is asked what it is. */
export function forAnswer({ database }: BackupPlan): Wait {
  return {
    kind: "database",
    lacks: `${database.label} has not answered`,
    hint: "can it be reached from this host, and does it answer others?",
  };
}

/** The dump is to bring its next byte. */
export function forDump({ database }: BackupPlan): Wait {
  return {
    kind: "tool",
    lacks: `The dump of ${database.label} has brought nothing`,
    hint: "does the server answer others, and does the dump wait for somebody's lock?",
  };
}

/** The store is to show what it has. */
export function forListing({ store }: Pick<Place, "store">, set: string): Wait {
  return { kind: "store", lacks: `${store.label} has not shown what it has of ${set}`, hint: CHECK_STORE };
}

/** The store is to take bytes. */
export function forRoom({ store }: Pick<Place, "store">, { stem }: BackupName): Wait {
  return { kind: "store", lacks: `${store.label} has taken nothing more of ${stem}.dbk`, hint: CHECK_STORE };
}

/** The store is to make objects of what it took. */
export function forCompletion({ store }: Pick<Place, "store">, { stem }: BackupName): Wait {
  return {
    kind: "store",
    lacks: `${store.label} has not completed ${stem}.dbk`,
    hint: CHECK_STORE,
    so: "it may have been stored, and is no backup without its manifest",
  };
}

/** The store is to take the manifest. */
export function forManifest({ store }: Pick<Place, "store">, { stem }: BackupName): Wait {
  return {
    kind: "store",
    lacks: `${store.label} has not taken ${stem}.json`,
    hint: CHECK_STORE,
    so: "it may have been stored, and then there is a backup that was not read back",
  };
}

/** The store is to give the backup out again. */
export function forReading({ store }: Pick<Place, "store">, { id }: BackupName): Wait {
  return {
    kind: "store",
    lacks: `${store.label} has given out nothing more of backup ${id}`,
    hint: `${CHECK_STORE}, or prove this one by: dbacked verify ${id.slice(0, 12)}`,
    so: "the backup is stored, and is not proved",
  };
}
