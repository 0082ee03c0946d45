import { startPostgres, type Postgres } from "../scripts/services/postgres.ts";
import type { Service } from "../scripts/services/service.ts";

/** Servers that were started for this test run, to be stopped at its end. */
const started = new Map<string, Promise<Service>>();

/** One server of its kind for the whole test run: started when first asked for, stopped by `test/setup.ts`. */
export function shared<S extends Service>(name: string, start: () => Promise<S>): () => Promise<S> {
  return () => {
    const known = started.get(name) as Promise<S> | undefined;
    const service = known ?? start();
    started.set(name, service);
    return service;
  };
}

/** Stops all of them. */
export async function stopSharedServices(): Promise<void> {
  const services = await Promise.allSettled(started.values());
  started.clear();
  const running = services.filter((each) => each.status === "fulfilled");
  await Promise.all(running.map((each) => each.value.stop()));
}

/** A plain PostgreSQL server that lets everybody in. */
export const sharedPostgres: () => Promise<Postgres> = shared("postgres", () => startPostgres());
