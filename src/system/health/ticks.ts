/** The ticks of every model that is scored, by its role: forecasts made, and why there was none. */

import type { Metrics, Sample } from "../../base/metrics.ts";
import type { Scorer } from "../../predict/score/scorer.ts";
import type { SymbolWorker } from "../symbol/symbol_worker.ts";

export function registerTickMetrics(metrics: Metrics, workers: () => Iterable<SymbolWorker>): void {
  const perModel = (read: (scorer: Scorer) => Readonly<Record<string, number>>): Sample[] =>
    [...workers()].flatMap(({ symbol, predictor }) =>
      predictor.scorers.flatMap((scorer) => {
        const { role, current } = scorer.slot;
        const labels = { symbol, role, model_version: current.version };
        return Object.entries(read(scorer)).map(([code, value]) => ({
          labels: code === "" ? labels : { ...labels, code },
          value,
        }));
      }),
    );
  metrics.observe("counter", "foretick_model_predictions_total", "Predictions made, by model and role", () =>
    perModel(({ counters }) => ({ "": counters.predictions })),
  );
  metrics.observe(
    "counter",
    "foretick_model_ticks_skipped_total",
    "Ticks a model made no forecast of, by model, role and reason",
    () =>
      perModel(({ counters }) => ({
        unanswered: counters.unanswered,
        deadline: counters.skipped_deadline - counters.unanswered,
        null: counters.skipped_null,
        sequence: counters.skipped_sequence,
        failed: counters.failed,
      })),
  );
  metrics.observe(
    "counter",
    "foretick_ticks_stood_in_total",
    "Ticks at which another's forecast was served because the champion gave none",
    () =>
      [...workers()].map(({ symbol, predictor }) => ({
        labels: { symbol },
        value: predictor.counters.stood_in,
      })),
  );
}
