/**
 * How fast are the networks fitted: rows per second on each backend, and what that makes of thirty days?
 *
 * A day of random vectors in the shape of v1; each variant in fresh processes, in alternating order, the median of
 * the rounds. "Learned" counts rows through a whole step: inputs made, loss, gradient, optimiser. "Forecast" is
 * what the look at the validation rows after each epoch costs.
 */

import { seededRng } from "../../src/base/rng.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import type { HeldDataset } from "../../src/train/data/dataset.ts";
import { isNetwork, MODEL_KINDS, type NetworkKind } from "../../src/train/fit/trainable.ts";
import { type BackendName, openBackend } from "../../src/train/network/backend.ts";
import { networkTrainable } from "../../src/train/network/fit.ts";
import { FIT_DEFAULTS } from "../../src/train/network/settings.ts";
import { byTurns, grouped, inFreshProcess, machine, median, printAim, printTable } from "../peers/measure.ts";

const ROUNDS = 3;
const DAY_S = 86_400;
const DAYS = 30;
/** Shares of the rows that are learned from and looked at: 0.7 before the test, a quarter of that for validation. */
const VALIDATION_SHARE = 0.7 * 0.25;
/** What a fit on many days took on simulated markets, until patience ended it. */
const EPOCHS_USUAL = 25;
const AIM_S = 180;
/** Steps of one measurement, by backend: plain JavaScript is slow enough to see in few. */
const STEPS: Readonly<Record<BackendName, number>> = { native: 40, wasm: 40, cpu: 8 };
const KINDS = MODEL_KINDS.filter(isNetwork);
const VARIANTS = [
  "wasm mlp",
  "wasm mlp-large",
  "wasm lstm",
  "wasm transformer",
  "cpu mlp",
  "native mlp",
] as const;

type Variant = (typeof VARIANTS)[number];
interface Speed {
  readonly backend: string;
  readonly learned_rows_per_s: number;
  readonly forecast_rows_per_s: number;
  readonly memory_mb: number;
}

function randomDay(): HeldDataset {
  const rng = seededRng(1);
  const columns = v1.names.length;
  return {
    symbol: "BTCUSDT",
    feature_set: v1.name,
    set_hash: v1.hash,
    names: v1.names,
    horizon_s: 10,
    cadence_s: 1,
    label: "mid",
    rows: DAY_S,
    rows_seen: DAY_S,
    removed: { not_warm: 0, null_feature: 0, no_label: 0 },
    ts_sec: Float64Array.from({ length: DAY_S }, (_, row) => row),
    values: Float64Array.from({ length: DAY_S * columns }, () => rng.normal()),
    y: Float64Array.from({ length: DAY_S }, () => 3e-4 * rng.normal()),
    last_return: new Float64Array(DAY_S),
    price: new Float64Array(DAY_S).fill(61_000),
    y_other: new Float64Array(DAY_S).fill(Number.NaN),
  };
}

async function measure(backend_name: BackendName, kind: NetworkKind): Promise<Speed | undefined> {
  const backend = await openBackend([backend_name]).catch(() => undefined);
  if (!backend) return undefined;
  const dataset = randomDay();
  const rows = STEPS[backend_name] * FIT_DEFAULTS[kind].batch;
  const settings = { epochs_max: 3, epoch_rows_max: rows, patience_epochs: 9 };
  // Hardly any validation rows, so that an epoch is its steps; the first one warms up.
  const split = { train: { from: 0, to: DAY_S - 1_000 }, validation: { from: DAY_S - 100, to: DAY_S } };
  const fitted = await networkTrainable(kind, { settings }).fit(dataset, split, { seed: 1 });
  const took_ms = median(fitted.history.slice(1).map((epoch) => epoch.took_ms));
  const started_ms = performance.now();
  fitted.forecast(dataset, { from: 0, to: rows });
  const forecast_ms = performance.now() - started_ms;
  return {
    backend: backend.description,
    learned_rows_per_s: (1_000 * rows) / took_ms,
    forecast_rows_per_s: (1_000 * rows) / forecast_ms,
    memory_mb: process.memoryUsage().rss / 2 ** 20,
  };
}

function report(): void {
  console.log("fitting a network on vectors of v1: rows per second, and thirty days");
  console.log(`median of ${ROUNDS} rounds\n${machine()}\n`);
  const measured = byTurns(VARIANTS, ROUNDS, (variant) =>
    inFreshProcess<Speed | null>(import.meta.path, variant.split(" ")),
  );
  const rows: string[][] = [];
  const fit_s = new Map<Variant, number>();
  for (const variant of VARIANTS) {
    const speeds = measured.get(variant)!.filter((speed) => speed !== null);
    if (speeds.length === 0) {
      rows.push([variant, "not installed here"]);
      continue;
    }
    const of = (key: Exclude<keyof Speed, "backend">): number => median(speeds.map((speed) => speed[key]));
    const learned = of("learned_rows_per_s");
    const forecast = of("forecast_rows_per_s");
    const { epoch_rows_max, validation_rows_max } = FIT_DEFAULTS[variant.split(" ")[1] as NetworkKind];
    const fitOf = (days: number): number => {
      const epoch_rows = Math.min(epoch_rows_max, days * DAY_S * (0.7 - VALIDATION_SHARE));
      const looked_at = Math.min(validation_rows_max || Infinity, days * DAY_S * VALIDATION_SHARE);
      return EPOCHS_USUAL * (epoch_rows / learned + looked_at / forecast);
    };
    fit_s.set(variant, fitOf(1));
    rows.push([
      variant,
      grouped(learned),
      grouped(forecast),
      (DAY_S / learned).toFixed(2),
      ((DAYS * DAY_S) / learned).toFixed(0),
      fitOf(1).toFixed(0),
      fitOf(DAYS).toFixed(0),
      grouped(of("memory_mb")),
    ]);
  }
  const head = ["", "learned/s", "forecast/s", "a day, s", "30 days, s", "fit on 1, s", "fit on 30, s", "MB"];
  printTable(head, rows);
  console.log("\na day, 30 days: one pass over all their rows. A fit: what patience allows,");
  console.log(
    `${EPOCHS_USUAL} epochs of the rows of src/train/network/settings.ts, validation rows after each.`,
  );
  printAim(`an mlp on one day within ${AIM_S} s`, fit_s.get("wasm mlp")! < AIM_S);
}

const [backend, kind] = process.argv.slice(2);
if (backend && kind && KINDS.includes(kind as NetworkKind)) {
  console.log(JSON.stringify((await measure(backend as BackendName, kind as NetworkKind)) ?? null));
} else report();
