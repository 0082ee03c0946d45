/** Objects read at once. */
const READERS = 8;

/** Does `work` for each item, a few at a time, and gives the results in order. */
export async function mapBounded<In, Out>(
  items: readonly In[],
  work: (item: In) => Promise<Out>,
): Promise<Out[]> {
  const results: Out[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: READERS }, worker));
  return results;
}
