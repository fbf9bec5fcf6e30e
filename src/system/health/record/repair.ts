/** The stored trades of each symbol as the service shows them: how many are missing, and what is done about it. */

import type { Metrics } from "../../../base/metrics.ts";
import type { RepairJob } from "../../../record/repair/repair_job.ts";
import type { RepairState, SymbolRepairStats } from "../../../record/repair/symbol_repair.ts";
import type { Dependency } from "../../../serve/ports.ts";

const DOING: Readonly<Record<RepairState, string>> = {
  none: "",
  repairing: "they are being fetched by REST",
  waiting_for_rest: "they are being fetched by REST, as its request weight allows",
  left_to_backfill: "REST does not reach them: load them with bun run backfill --source archive",
};

/** `job` undefined: the database is not open, which health says elsewhere. */
export function repairHealth(job: RepairJob | undefined): Dependency[] {
  if (!job) return [];
  const { symbols, rounds, failures, last_error } = job.stats;
  return symbols.map(({ symbol, ids_missing, ids_absent, ids_repaired, state }) => {
    const missing = ids_missing ?? 0;
    const doing = last_error
      ? `the last try failed (${last_error.code}), and the next one comes soon`
      : DOING[state];
    return {
      name: `history ${symbol}`,
      symbol,
      state: missing > 0 ? "degraded" : "ok",
      reason: missing > 0 ? `${missing} trades are missing in the stored history: ${doing}` : null,
      facts: {
        trade_ids_missing: ids_missing ?? null,
        trade_ids_absent: ids_absent,
        trade_ids_repaired: ids_repaired,
        ...{ rounds, failures, error: last_error?.code ?? null },
      },
    };
  });
}

/** `job`: undefined until the database is open. */
export function registerRepairMetrics(metrics: Metrics, job: () => RepairJob | undefined): void {
  const each = (
    kind: "counter" | "gauge",
    name: string,
    help: string,
    read: (stats: SymbolRepairStats) => number,
  ): void =>
    metrics.observe(kind, `foretick_${name}`, help, () =>
      (job()?.stats.symbols ?? []).map((stats) => ({
        labels: { symbol: stats.symbol },
        value: read(stats),
      })),
    );
  each(
    "gauge",
    "trade_ids_missing",
    "Trades missing in the stored history, by their ids",
    ({ ids_missing }) => ids_missing ?? Number.NaN,
  );
  each(
    "gauge",
    "trade_ids_absent",
    "Trade ids the exchange itself has no trade of",
    ({ ids_absent }) => ids_absent,
  );
  each(
    "counter",
    "trade_ids_repaired_total",
    "Trades fetched for the stored history afterwards",
    ({ ids_repaired }) => ids_repaired,
  );
  metrics.observe(
    "counter",
    "foretick_repair_failures_total",
    "Rounds of that repair which failed",
    () => job()?.stats.failures ?? 0,
  );
}
