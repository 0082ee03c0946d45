import { afterAll } from "bun:test";
import { stopSharedServices } from "./services.ts";

// A machine that is busy takes its time.
afterAll(stopSharedServices, 120_000);
