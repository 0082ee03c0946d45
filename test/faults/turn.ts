/** Rows at once: more would wait for the processors, and be taken for stalled. */
const AT_ONCE = 3;

let running = 0;
const waiting: (() => void)[] = [];

/** Lets only so many through until they are done. */
export async function takeTurn(): Promise<Disposable> {
  if (running === AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
  const end = () => {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  };
  return { [Symbol.dispose]: end };
}
