/** The bars and the age of the store as the service shows them: its health and its metrics. */

import type { Metrics } from "./base/metrics.ts";
import type { Database } from "./record/database.ts";
import type { Maintenance } from "./record/maintenance.ts";
import type { Refresher } from "./record/refresher.ts";
import type { Dependency } from "./serve/ports.ts";

export interface BarsParts {
  readonly database: Pick<Database, "capability">;
  readonly refresher: Refresher;
  readonly maintenance: Maintenance;
}

/** Bars this far behind are worth a look (ms): a few passes were missed, or one takes too long. */
const LAG_SHOWN_MS = 15_000;

const KEPT = {
  timescale: "continuous aggregates",
  "timescale-apache": "tables beside hypertables",
  postgres: "tables",
} as const;

export function barsHealth({ database, refresher, maintenance }: BarsParts): Dependency {
  const { lag_ms, pass_ms, newest_ms, stretches_waiting, last_error } = refresher.stats;
  const { stretches_dropped, chunks_converted } = maintenance.stats;
  const reason = whyDegraded({ database, refresher, maintenance });
  return {
    name: "bars",
    state: reason === null ? "ok" : "degraded",
    reason,
    facts: {
      kept_as: KEPT[database.capability],
      lag_ms: lag_ms === undefined ? null : Math.round(lag_ms),
      pass_ms: Math.round(pass_ms),
      newest_ms: Math.round(newest_ms),
      stretches_waiting,
      stretches_dropped,
      chunks_converted,
      error: last_error?.code ?? maintenance.stats.last_error?.code ?? null,
    },
  };
}

function whyDegraded({ refresher, maintenance }: BarsParts): string | null {
  const { lag_ms, last_error } = refresher.stats;
  if (last_error) return "bars cannot be refreshed: the next pass tries again";
  if (lag_ms !== undefined && lag_ms > LAG_SHOWN_MS) return `bars are ${Math.round(lag_ms / 1_000)} s behind`;
  if (maintenance.stats.last_error) return "old rows cannot be put away: the next run tries again";
  return null;
}

export function registerBarsMetrics(metrics: Metrics, { refresher, maintenance }: BarsParts): void {
  const observe = (kind: "counter" | "gauge", name: string, help: string, read: () => number): void =>
    metrics.observe(kind, `foretick_${name}`, help, read);
  observe(
    "gauge",
    "bars_lag_ms",
    "Bars hold what was written up to this long ago, late rows aside (ms)",
    () => refresher.stats.lag_ms ?? Number.NaN,
  );
  observe("gauge", "bars_pass_ms", "The last refresh of bars (ms)", () => refresher.stats.pass_ms);
  observe("gauge", "bars_newest_ms", "Its part for the newest seconds (ms)", () => refresher.stats.newest_ms);
  observe(
    "gauge",
    "bars_stretches_waiting",
    "Stretches of older bars waiting to be looked at",
    () => refresher.stats.stretches_waiting,
  );
  observe("counter", "bars_passes_total", "Refreshes of bars", () => refresher.stats.passes);
  observe("counter", "bars_failures_total", "Refreshes that failed", () => refresher.stats.failures);
  observe(
    "counter",
    "maintenance_failures_total",
    "Runs of the maintenance that failed",
    () => maintenance.stats.failures,
  );
  observe(
    "counter",
    "raw_stretches_dropped_total",
    "Stretches of trades and quotes deleted past their retention",
    () => maintenance.stats.stretches_dropped,
  );
  observe(
    "counter",
    "chunks_converted_total",
    "Chunks converted to columns",
    () => maintenance.stats.chunks_converted,
  );
}
