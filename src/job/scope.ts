/**
 * Runs `work` under a signal that is aborted when `work` is over, however it ends: nothing that it started under that
 * signal outlives it.
 */
export async function scoped<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const scope = new AbortController();
  try {
    return await work(AbortSignal.any([signal, scope.signal]));
  } finally {
    scope.abort(new Error("the job is over"));
  }
}
