import type { Settings } from "./settings.ts";

/** Where files for Prometheus go, for all databases; null if nowhere. */
export function readMetricsDirectory(settings: Settings): string | null {
  const path = ["metricsDirectory"];
  const given = settings.get(path);
  return typeof given === "string" ? settings.resolve(path, given) : null;
}
