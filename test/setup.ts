import { afterAll } from "bun:test";
import { stopSharedServices } from "./services.ts";

// SeaweedFS takes four seconds to stop.
afterAll(stopSharedServices, 30_000);
