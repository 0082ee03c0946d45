import type { Service } from "./service.ts";

/** An S3 server that runs for tests or the benchmark, with one user who may do everything. */
export interface S3Server extends Service {
  endpoint: string;
  accessKeyId: string;
  secretAccessKey: string;
}
