/** The comparison of live and SQL as the service shows it: its health and its metrics. */

import type { Clock } from "./base/clock.ts";
import type { Config } from "./base/config.ts";
import type { Metrics } from "./base/metrics.ts";
import { US_PER_SEC } from "./base/units.ts";
import type { ParityCounters, ParityJob } from "./record/parity_job.ts";
import type { Dependency } from "./serve/ports.ts";

/** A difference without a known cause is shown this long (µs): nobody looks every minute. */
const UNEXPLAINED_SHOWN_US = 3_600 * US_PER_SEC;

export interface ParityParts {
  readonly parity: ParityJob;
  readonly config: Config;
  readonly clock: Clock;
}

export function parityHealth({ parity, config, clock }: ParityParts): Dependency {
  const sum = (read: (counters: ParityCounters) => number): number =>
    parity.counters.reduce((total, counters) => total + read(counters), 0);
  const now_us = clock.now();
  const { compared_at_us } = parity;
  const reason = whyDegraded(parity, now_us);
  return {
    name: "parity",
    state: reason === null ? "ok" : "degraded",
    reason,
    facts: {
      every_s: config.parity_every_s,
      compared_s_ago:
        compared_at_us === undefined ? null : Math.round((now_us - compared_at_us) / US_PER_SEC),
      rows_compared: sum((counters) => counters.rows_compared),
      rows_mismatched: sum((counters) => counters.rows_mismatched),
      rows_missing: sum((counters) => counters.rows_missing),
      rows_unexplained: sum((counters) => counters.rows_unexplained),
    },
  };
}

function whyDegraded({ unexplained, last_error }: ParityJob, now_us: number): string | null {
  if (unexplained && now_us - unexplained.found_us < UNEXPLAINED_SHOWN_US) {
    const { symbol, feature_set, ts_sec } = unexplained;
    const at = new Date(ts_sec * 1_000).toISOString();
    return `live and SQL differ without a known cause: ${feature_set} of ${symbol}, last at ${at}`;
  }
  return last_error ? "live and SQL could not be compared: the next round tries again" : null;
}

export function registerParityMetrics(metrics: Metrics, { counters }: ParityJob): void {
  const each = (name: string, help: string, read: (one: ParityCounters) => number): void =>
    metrics.observe("counter", `foretick_parity_${name}`, help, () =>
      counters.map((one) => ({
        labels: { symbol: one.symbol, feature_set: one.feature_set },
        value: read(one),
      })),
    );
  each("rows_compared_total", "Live vectors compared with SQL", ({ rows_compared }) => rows_compared);
  each("rows_missing_total", "Instants SQL has and live has not", ({ rows_missing }) => rows_missing);
  each("rows_extra_total", "Instants live has and SQL has not", ({ rows_extra }) => rows_extra);
  each(
    "unexplained_total",
    "Rows that differ without a known cause",
    ({ rows_unexplained }) => rows_unexplained,
  );
  metrics.observe("counter", "foretick_parity_mismatched_total", "Rows in which a feature differed", () =>
    counters.flatMap(({ symbol, feature_set, mismatched }) =>
      [...mismatched].map(([feature, value]) => ({ labels: { symbol, feature_set, feature }, value })),
    ),
  );
}
