import { expect, test } from "bun:test";
import fc from "fast-check";
import { Budget } from "../../src/catalog/budget.ts";

test("Budget.spend() never has more in hand than its limit, but for one thing alone, and does all of it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(30), { maxLength: 30 }), async (sizes) => {
      const budget = new Budget(10);
      const inHand: number[] = [];
      const work = async (size: number) => {
        inHand.push(size);
        const sum = inHand.reduce((total, each) => total + each, 0);
        const isAlone = inHand.filter((each) => each > 0).length <= 1;
        expect(sum <= 10 || isAlone).toBeTrue();
        await Promise.resolve();
        inHand.splice(inHand.indexOf(size), 1);
        return size;
      };
      const done = await Promise.all(sizes.map((size) => budget.spend(size, () => work(size))));
      expect(done).toEqual(sizes);
    }),
  );
});

test("Budget.spend() has room again after a failure", async () => {
  const budget = new Budget(10);
  const failing = budget.spend(10, () => Promise.reject(new Error("no")));
  const next = budget.spend(10, () => Promise.resolve("done"));
  expect(failing).rejects.toThrow("no");
  expect(await next).toBe("done");
});
