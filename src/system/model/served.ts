/** The models in use as the service shows them: its health and its metrics. */

import { ForetickError } from "../../base/errors.ts";
import type { Metrics, Sample } from "../../base/metrics.ts";
import type { ModelVersion } from "../../base/units.ts";
import type { ModelSlot } from "../../model/model_slot.ts";
import { ZERO_VERSION } from "../../model/zero_model.ts";
import type { Dependency } from "../../serve/ports.ts";
import type { BesideModels } from "./beside.ts";
import type { Problem } from "./model_choice.ts";

/** One symbol's model, why it is this one, and what is in the way of another. */
export interface Served {
  readonly slot: ModelSlot;
  readonly beside: BesideModels;
  /** For people, e.g. "champion of BTCUSDT", "newest bundle". */
  chosen_as: string;
  problem: Problem | undefined;
  /** The champion that the zero forecast is served instead of. */
  stood_down?: ModelVersion | undefined;
  failures: number;
}

type ServedBySymbol = ReadonlyMap<string, Served>;

export function modelHealth(served: ServedBySymbol, registry_is_silent: boolean): Dependency[] {
  const only = served.size === 1;
  return [...served].flatMap(([symbol, one]) => {
    const { version, feature_set, horizon_s, sequence_length } = one.slot.current;
    const reason = whyDegraded(one, registry_is_silent);
    const champion: Dependency = {
      name: only ? "model" : `model ${symbol}`,
      symbol,
      state: reason === null ? "ok" : "degraded",
      reason,
      facts: {
        ...{ version, feature_set, horizon_s, sequence_length },
        chosen_as: one.chosen_as,
        swaps: one.slot.swaps,
        refused: one.problem?.refused ?? null,
      },
    };
    const { problem, facts } = one.beside;
    if (Object.keys(facts).length === 0) return [champion];
    const state = problem === null ? "ok" : "degraded";
    const name = only ? "models beside" : (`models beside ${symbol}` as const);
    return [champion, { name, symbol, state, reason: problem, facts }];
  });
}

function whyDegraded({ slot, problem }: Served, registry_is_silent: boolean): string | null {
  const { version, impaired } = slot.current;
  if (problem) {
    const code = problem.error instanceof ForetickError ? problem.error.code : "INTERNAL";
    return `${problem.what} ${problem.refused} could not be taken into use (${code}): ${version} serves`;
  }
  if (impaired !== undefined) return impaired;
  if (version === ZERO_VERSION) return "no trained model: the zero forecast is served";
  return registry_is_silent
    ? "the registry of models does not answer: a new champion would not be seen"
    : null;
}

export function registerModelMetrics(metrics: Metrics, served: ServedBySymbol): void {
  const perSymbol = (read: (one: Served) => number) => (): Sample[] =>
    [...served].map(([symbol, one]) => ({ labels: { symbol }, value: read(one) }));
  metrics.observe("gauge", "foretick_model", "The model in use", () =>
    [...served].map(([symbol, { slot }]) => ({
      labels: { symbol, model_version: slot.current.version },
      value: 1,
    })),
  );
  metrics.observe("gauge", "foretick_model_role", "The models scored at every tick, by their role", () =>
    [...served].flatMap(([symbol, { slot, beside }]) =>
      [slot, ...beside.slots].map(({ role, current }) => ({
        labels: { symbol, role, model_version: current.version },
        value: 1,
      })),
    ),
  );
  metrics.observe(
    "counter",
    "foretick_model_roles_failed_total",
    "Times a model with a role beside the champion could not be taken into use",
    perSymbol(({ beside }) => beside.failures),
  );
  metrics.observe(
    "counter",
    "foretick_model_swaps_total",
    "Times another model took over while the service ran",
    perSymbol(({ slot }) => slot.swaps),
  );
  metrics.observe(
    "counter",
    "foretick_model_swaps_failed_total",
    "Times a model that should serve could not be taken into use",
    perSymbol(({ failures }) => failures),
  );
  metrics.observe(
    "gauge",
    "foretick_model_impaired",
    "1 while the model's native session does not answer and its fallback does",
    perSymbol(({ slot }) => Number(slot.current.impaired !== undefined)),
  );
}
