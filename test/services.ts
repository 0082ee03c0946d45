import { startMariadb } from "../scripts/services/mariadb.ts";
import { startMongodb, type Mongodb } from "../scripts/services/mongodb.ts";
import type { MysqlServer } from "../scripts/services/mysql.ts";
import { startPostgres, type Postgres } from "../scripts/services/postgres.ts";
import { startRgw } from "../scripts/services/rgw.ts";
import type { S3Server } from "../scripts/services/s3-server.ts";
import { startSeaweed } from "../scripts/services/seaweedfs.ts";
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

/** SeaweedFS: an S3 server that keeps to Amazon's dialect. */
export const sharedSeaweed: () => Promise<S3Server> = shared("seaweed", startSeaweed);

/** Ceph's gateway: an S3 server that knows less. */
export const sharedRgw: () => Promise<S3Server> = shared("rgw", startRgw);

/** A plain MariaDB server; its superuser needs no password. */
export const sharedMariadb: () => Promise<MysqlServer> = shared("mariadb", () => startMariadb());

/** A MongoDB server that lets everybody in. */
export const sharedMongodb: () => Promise<Mongodb> = shared("mongodb", () => startMongodb());
