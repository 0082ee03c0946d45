import type { Fault, Kind, Seen } from "./proxy.ts";

/** Which object a request is about. */
type Role = "envelope" | "manifest" | "proof" | "identity";

const ROLES: Readonly<Record<Role, RegExp>> = {
  envelope: /\.dbk(?:\.\d+)?$/,
  manifest: /\/[^/.]+\.json$/,
  proof: /\.proof-[^/]*\.json$/,
  identity: /\/identity$/,
};

/** A fault, and the requests that it strikes. */
export interface Injection {
  /** @default every kind */
  on?: Kind;
  /** @default every object */
  of?: Role;
  /** The first one that it strikes, from 1. @default 1 */
  from?: number;
  /** How many. @default 1 */
  times?: number;
  /** Only each so-manyth of them. @default 1 */
  every?: number;
  /** Of a function, only requests count that it has a fault for. */
  fault: Fault | ((request: Seen) => Fault | null);
}

/** Says of each request what strikes it. */
export function injecting(injections: readonly Injection[]): (request: Seen) => Fault | null {
  const counts = injections.map(() => 0);
  return (request) => {
    const found = injections.map((injection, at) => {
      const { on, of, from = 1, times = 1, every = 1, fault } = injection;
      if (on !== undefined && on !== request.kind) return null;
      if (of !== undefined && !ROLES[of].test(request.key)) return null;
      const chosen = typeof fault === "function" ? fault(request) : fault;
      if (chosen === null) return null;
      const number = (counts[at] = (counts[at] ?? 0) + 1) - from;
      if (number < 0 || number >= times * every || number % every !== 0) return null;
      return chosen;
    });
    return found.find((each) => each !== null) ?? null;
  };
}
