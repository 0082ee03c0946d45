import { findNewest } from "../catalog/list.ts";
import type { Opener } from "../job/open.ts";
import { noteVerifier } from "../job/trust.ts";
import { verifyBackup } from "../job/verify.ts";
import type { Reading } from "../job/measure.ts";
import type { Store } from "../store/store.ts";
import { bad, type Check, doubtful, examine, good } from "./check.ts";
import type { Patient } from "./patient.ts";

/** Who opens backups, and how far he is. */
export interface Opening {
  opener: Opener;
  progress: Reading;
}

/** Opens the newest backup of a set, every segment of it. Nothing is recorded. */
export async function checkOpening(
  { trusted, now }: Patient,
  { set, store }: { set: string; store: Store },
  { opener, progress }: Opening,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const subject = `database ${set}`;
  return await examine(
    subject,
    async () => {
      const backup = await findNewest(store, set, noteVerifier(store, trusted, signal), signal);
      if (backup === undefined)
        return [doubtful(subject, `there is no backup in ${store.label} to be opened`)];
      const plan = { store, backup, trusted, opener, engine: null, signer: null, now, progress };
      const { failure } = await verifyBackup(plan, signal);
      if (failure !== null) return [bad(subject, failure)];
      return [good(subject, `the newest backup in ${store.label} opens with this private key`)];
    },
    signal,
  );
}
