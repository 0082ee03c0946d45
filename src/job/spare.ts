import { DbackedError } from "../base/error.ts";
import type { Unsealed } from "./open.ts";

/** One copy of a backup. */
export interface Spare {
  open: () => Promise<Unsealed>;
  /** Told why it is not used, and another one is. */
  tellLeft: (failure: DbackedError) => void;
}

/**
 * Opens the first copy of a backup that can be opened, and goes on to the next one as long as nothing has been given out. Where
 * there is another copy, and `mayVerify`, each is verified as a whole before that.
 *
 * @throws {DbackedError} as the last of them does.
 */
export async function unsealFirst(
  [spare, ...others]: readonly Spare[],
  mayVerify: boolean,
  signal: AbortSignal,
): Promise<Unsealed> {
  if (spare === undefined) throw new Error("a backup without any copy cannot be opened");
  if (others.length === 0) return await spare.open();
  const goOn = async (error: unknown): Promise<Unsealed> => {
    signal.throwIfAborted();
    if (!isOfCopy(error)) throw error;
    spare.tellLeft(error);
    return await unsealFirst(others, mayVerify, signal);
  };
  let unsealed: Unsealed;
  try {
    unsealed = await spare.open();
  } catch (error) {
    return await goOn(error);
  }
  return {
    ...unsealed,
    read: async (how, signal) => {
      try {
        return await unsealed.read({ ...how, verifyFirst: how.verifyFirst || mayVerify }, signal);
      } catch (error) {
        return await (await goOn(error)).read(how, signal);
      }
    },
  };
}

/** Whether another copy may fare better: keys and targets are the same for all. */
function isOfCopy(error: unknown): error is DbackedError {
  return error instanceof DbackedError && (error.kind === "store" || error.kind === "damaged");
}
