/** The comparison of live and SQL as the service shows it: its health and its metrics. */

import type { Metrics } from "../../../base/metrics.ts";
import { type Micros, US_PER_SEC } from "../../../base/units.ts";
import type { ParityCounters, ParityJob } from "../../../record/parity/job.ts";
import type { Dependency } from "../../../serve/ports.ts";

/** A difference without a known cause is shown this long (µs): few look every minute. */
const UNEXPLAINED_SHOWN_US = 3_600 * US_PER_SEC;
/** A symbol of which nothing is compared for so many rounds, and no less than ten minutes, is not compared at all. */
const SILENT_ROUNDS = 5;
const SILENT_MIN_S = 600;

export interface ParityView {
  /** Undefined: the database is not open. */
  readonly parity: ParityJob | undefined;
  readonly symbols: readonly string[];
  /** 0: switched off. */
  readonly every_s: number;
  readonly started_at_us: Micros;
  readonly now_us: Micros;
}

export function parityHealth(view: ParityView): Dependency {
  const { parity, every_s, now_us } = view;
  const sum = (read: (counters: ParityCounters) => number): number =>
    (parity?.counters ?? []).reduce((total, counters) => total + read(counters), 0);
  const compared_at_us = parity?.compared_at_us;
  const reason = every_s === 0 ? null : whyDegraded(view);
  return {
    name: "parity",
    state: reason === null ? "ok" : "degraded",
    reason,
    facts: {
      every_s,
      compared_s_ago:
        compared_at_us === undefined ? null : Math.round((now_us - compared_at_us) / US_PER_SEC),
      rows_compared: sum((counters) => counters.rows_compared),
      rows_mismatched: sum((counters) => counters.rows_mismatched),
      rows_missing: sum((counters) => counters.rows_missing),
      rows_unexplained: sum((counters) => counters.rows_unexplained),
    },
  };
}

function whyDegraded(view: ParityView): string | null {
  const { parity, now_us } = view;
  if (!parity) return "live and SQL are compared once the database is open";
  const { unexplained, last_error } = parity;
  if (unexplained && now_us - unexplained.found_us < UNEXPLAINED_SHOWN_US) {
    const { symbol, feature_set, ts_sec } = unexplained;
    const at = new Date(ts_sec * 1_000).toISOString();
    return `live and SQL differ without a known cause: ${feature_set} of ${symbol}, last at ${at}`;
  }
  if (last_error) return "live and SQL could not be compared: the next round tries again";
  return whySilent(parity, view);
}

/** A comparison that compares nothing finds no difference either. */
function whySilent(parity: ParityJob, view: ParityView): string | null {
  const { symbols, every_s, started_at_us, now_us } = view;
  const limit_us = Math.max(SILENT_MIN_S, SILENT_ROUNDS * every_s) * US_PER_SEC;
  const silent = symbols.filter((symbol) => {
    const own = parity.counters.filter((counters) => counters.symbol === symbol);
    const last_us = Math.max(started_at_us, ...own.map(({ rows_at_us }) => rows_at_us ?? 0));
    return now_us - last_us > limit_us;
  });
  if (silent.length === 0) return null;
  const minutes = Math.round(limit_us / US_PER_SEC / 60);
  return `no vector of ${silent.join(", ")} was compared with SQL for ${minutes} minutes: see the log for why`;
}

/** `parity`: undefined until the database is open. */
export function registerParityMetrics(metrics: Metrics, parity: () => ParityJob | undefined): void {
  const counters = (): readonly ParityCounters[] => parity()?.counters ?? [];
  const each = (name: string, help: string, read: (one: ParityCounters) => number): void =>
    metrics.observe("counter", `foretick_parity_${name}`, help, () =>
      counters().map((one) => ({
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
    counters().flatMap(({ symbol, feature_set, mismatched }) =>
      [...mismatched].map(([feature, value]) => ({ labels: { symbol, feature_set, feature }, value })),
    ),
  );
}
