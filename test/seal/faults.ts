import type { Fault } from "./fault.ts";
import { bodyFaults } from "./faults-body.ts";
import { headerFaults } from "./faults-header.ts";
import { keyFaults } from "./faults-keys.ts";

/** Makes every fault anew. */
export function makeFaults(): Fault[] {
  return [...headerFaults(), ...keyFaults(), ...bodyFaults()];
}
