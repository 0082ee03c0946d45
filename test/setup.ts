import { afterAll } from "bun:test";
import { stopSharedServices } from "./services.ts";

afterAll(stopSharedServices);
