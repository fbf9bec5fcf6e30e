/** The bars and the age of the store as the service shows them: its health and its metrics. */

import type { Metrics } from "../../../base/metrics.ts";
import type { Refresher } from "../../../record/bars/refresher.ts";
import type { Maintenance } from "../../../record/retention/maintenance.ts";
import type { Capability } from "../../../record/server/capability.ts";
import type { Dependency } from "../../../serve/ports.ts";

interface BarsParts {
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

/** `parts` undefined: the database is not open. */
export function barsHealth(parts: BarsParts | undefined, capability: Capability | undefined): Dependency {
  if (!parts || !capability) {
    const reason = "bars wait for the database, which is not open yet";
    return { name: "bars", state: "degraded", reason, facts: {} };
  }
  const { refresher, maintenance } = parts;
  const { lag_ms, pass_ms, newest_ms, stretches_waiting, last_error } = refresher.stats;
  const { stretches_dropped, chunks_converted } = maintenance.stats;
  const reason = whyDegraded(parts);
  return {
    name: "bars",
    state: reason === null ? "ok" : "degraded",
    reason,
    facts: {
      kept_as: KEPT[capability],
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
  if (maintenance.stats.last_error) return "retention and compression failed: the next run tries again";
  return null;
}

export function registerBarsMetrics(metrics: Metrics, parts: () => BarsParts | undefined): void {
  const observe = (
    kind: "counter" | "gauge",
    name: string,
    help: string,
    read: (parts: BarsParts) => number,
  ): void =>
    metrics.observe(kind, `foretick_${name}`, help, () => {
      const now = parts();
      return now ? read(now) : kind === "counter" ? 0 : Number.NaN;
    });
  observe(
    "gauge",
    "bars_lag_ms",
    "Bars hold what was written up to this long ago, late rows aside (ms)",
    ({ refresher }) => refresher.stats.lag_ms ?? Number.NaN,
  );
  observe(
    "gauge",
    "bars_pass_ms",
    "The last refresh of bars (ms)",
    ({ refresher }) => refresher.stats.pass_ms,
  );
  observe(
    "gauge",
    "bars_newest_ms",
    "Its part for the newest seconds (ms)",
    ({ refresher }) => refresher.stats.newest_ms,
  );
  observe(
    "gauge",
    "bars_stretches_waiting",
    "Stretches of older bars waiting to be looked at",
    ({ refresher }) => refresher.stats.stretches_waiting,
  );
  observe(
    "counter",
    "bars_healed_total",
    "Bars that lacked stored rows and were computed again",
    ({ refresher }) => refresher.stats.bars_healed,
  );
  observe("counter", "bars_passes_total", "Refreshes of bars", ({ refresher }) => refresher.stats.passes);
  observe(
    "counter",
    "bars_failures_total",
    "Refreshes that failed",
    ({ refresher }) => refresher.stats.failures,
  );
  observe(
    "counter",
    "maintenance_failures_total",
    "Runs of the maintenance that failed",
    ({ maintenance }) => maintenance.stats.failures,
  );
  observe(
    "counter",
    "raw_stretches_dropped_total",
    "Stretches of trades and quotes deleted past their retention",
    ({ maintenance }) => maintenance.stats.stretches_dropped,
  );
  observe(
    "counter",
    "chunks_converted_total",
    "Chunks converted to columns",
    ({ maintenance }) => maintenance.stats.chunks_converted,
  );
}
