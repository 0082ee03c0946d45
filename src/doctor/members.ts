import { type Check, good } from "./check.ts";

/** What was found of one database of a server. */
export interface Examined {
  set: string;
  checks: readonly Check[];
}

/** Says once what is so with several databases of a server, of which there may be hundreds, or with the server itself. */
export function summarize(name: string, everything: readonly Examined[]): readonly Check[] {
  const subject = `database ${name}`;
  const isOfServer = (check: Check) => check.subject === subject;
  const ofServer = everything.flatMap(({ checks }) => checks).find(isOfServer);
  const examined = everything.map(({ set, checks }) => ({
    set,
    checks: checks.filter((each) => !isOfServer(each)),
  }));
  const isWell = ({ checks }: Examined) => checks.every(({ state }) => state === "ok");
  const well = examined.filter(isWell).map(({ set }) => set);
  const remarks = examined.flatMap(({ set, checks }) =>
    checks
      .filter(({ state }) => state !== "ok")
      .map((check) => ({ set, check, hint: check.hint?.replaceAll(set, name) ?? null })),
  );
  const alike = Map.groupBy(remarks, ({ check, hint }) => JSON.stringify([check.state, check.what, hint]));
  const told = [...alike.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    if (others.length === 0) return [first.check];
    const sets = [first, ...others].map(({ set }) => set).join(", ");
    return [{ ...first.check, subject, what: `${sets}: ${first.check.what}`, hint: first.hint }];
  });
  const answers = good(subject, `${examined.length} of its databases were asked`);
  return [
    ...(ofServer === undefined ? [] : [ofServer]),
    well.length === 0 ? answers : good(subject, `all is well with ${well.join(", ")}`),
    ...told,
  ];
}
