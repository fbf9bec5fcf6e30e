/** A market of which everything is known: features, a signal, models, trainings, experiments, deployments, drift, stored days. */

import { readConfig } from "../../../src/base/config.ts";
import { DAY_US, micros, modelVersion, priceE8, setHash, unixSec } from "../../../src/base/units.ts";
import type { Prediction } from "../../../src/predict/prediction.ts";
import type { StoredDay } from "../../../src/record/bars/stored_days.ts";
import { LiveSignals } from "../../../src/signal/live_signals.ts";
import { FakeMarket } from "../fake_market.ts";
import { REPORT } from "./report_sample.ts";

export const RIDGE = modelVersion("ridge-v1/2026-11-21t10-00-00z");
export const NEXT = modelVersion("mlp-v1/2026-11-24t10-00-00z");
const AT_US = micros(1.7321e15);
const NAMES = ["log_return_10s", "spread_bps", "imbalance_top5", "trade_count_10s"];
const WEIGHTS = { log_return_10s: 1.6, spread_bps: 0.4, imbalance_top5: 1.7, trade_count_10s: 0.3 };

const model = (version: string, kind: string, alias: string | undefined, r2: number) => ({
  ...{ version: modelVersion(version), kind, feature_set: "v1", set_hash: setHash("5f".repeat(32)) },
  ...{ created_us: AT_US, registered_us: AT_US, horizon_s: 10, servable: true, symbol: "BTCUSDT" },
  aliases: alias ? [{ symbol: "*", alias }] : [],
  ...{ metrics: { r2, mae: 3e-5, rmse: 5e-5, hit_rate: 0.52 }, feature_names: NAMES },
  ...{ manifest_sha256: "", manifest: {}, sha256s: {} },
  gates: [
    { gate: "beats zero", metric: "r2", operator: ">", limit: 0, observed: r2, passed: r2 > 0 },
    { gate: "quick enough", metric: "latency", operator: "<", limit: 5, observed: 0.4, passed: true },
  ],
  events: [
    {
      ...{ event_id: "1", at_us: AT_US, actor: "anna", action: "promote", version, version_before: null },
      ...{ place: { symbol: "*", alias: "champion" }, forced: false, reason: "better in its test" },
    },
  ],
});

export const EXPERIMENT = {
  ...{ experiment_id: "5f3c", name: "network against ridge", symbol: "BTCUSDT", a: RIDGE, b: NEXT },
  ...{ horizon_s: 10, label: "mid", traffic_split: 0.1, duration_h: 336, min_duration_h: 24 },
  ...{ confidence_level: 0.95, requested_by: "anna", reason: "", requested_us: AT_US, started_us: AT_US },
  ...{ judged_until_us: AT_US, decided_us: null, ended_us: null, ended_by: null, ended_because: null },
  ...{ winner: null, verdict: "inconclusive", n_blocks: 400, mean: 0.002, lower: -0.001, upper: 0.005 },
  expected_h: 52,
};

/** Narrower with every block, without a bound before thirty. */
const evidence = () =>
  Array.from({ length: 40 }, (_, i) => {
    const n_blocks = 10 * (i + 1);
    const half = n_blocks < 30 ? null : 0.06 / Math.sqrt(n_blocks);
    const ends = { lower: half && 0.002 - half, upper: half && 0.002 + half };
    return { from_sec: 1.7321e9 + 60 * n_blocks, n_blocks, mean: 0.002, ...ends };
  });

/** What operators ask, answered from plain data; what a test sets replaces it. */
export function fullOperator(changes: object = {}): never {
  const models = [model(RIDGE, "ridge", "champion", 0.0021), model(NEXT, "mlp", "challenger", -0.0004)];
  const drifted = (name: string, score: number) => ({
    ...{ name, measure: "psi", score, threshold: 0.2, drifted: score > 0.2, importance: 0.25, weight: score },
    ...{ psi: score, psi_over_fixed: score > 0.1, wasserstein: score, null_share: 0 },
  });
  const operator = {
    loaded: () => undefined,
    runningTraining: () => undefined,
    settings: () => [
      { name: "PORT", value: "8080", hidden: false },
      { name: "BINANCE_API_KEY", value: "set", hidden: true },
    ],
    models: async () => models,
    model: async (version: string) => models.find((one) => one.version === version),
    report: async () => REPORT,
    trainings: async () => [],
    trainingLog: async () => undefined,
    runs: async () => [],
    experiments: async () => [],
    deployments: async () => [],
    experiment: async () => EXPERIMENT,
    experimentEvidence: async () => evidence(),
    drift: () => [
      {
        ...{ symbol: "BTCUSDT", model_version: RIDGE, has_reference: true },
        report: {
          ...{ span: "hour", completeness: 0.99, recommendation: "retrain_soon", drift_detected: true },
          ...{ drift_score: 1.6, forecast: null, label: null },
          features: [
            drifted("imbalance_top5", 0.32),
            drifted("log_return_10s", 0.11),
            drifted("spread_bps", 0.02),
          ],
        },
      },
    ],
    ...changes,
  };
  return operator as never;
}

/** Of yesterday everything, of the day before half of an hour, before that nothing. Its break is not filled yet. */
const storedDays = (now_us: number) => {
  const today_us = Math.floor(now_us / DAY_US) * DAY_US;
  const whole = (hour: number) => ({
    ...{ hour, trades: 9_000, trade_seconds: 3_500, quotes: 36_000, quote_seconds: 3_600 },
  });
  return async ({ before_us, days }: { before_us: number; days: number }): Promise<StoredDay[]> =>
    Array.from({ length: days }, (_, i) => {
      const day_us = before_us - (i + 1) * DAY_US;
      const age = Math.round((today_us - day_us) / DAY_US);
      const hours =
        age === 1
          ? Array.from({ length: 24 }, (_, hour) => whole(hour))
          : age === 2
            ? [{ ...whole(13), quote_seconds: 1_800 }]
            : [];
      const gone = age === 2 ? 1 : 0;
      return {
        day_us,
        hours,
        breaks: gone,
        breaks_open: gone,
        raw_dropped: age === 2,
        from_archive: age === 1,
      };
    });
};

export class FullMarket extends FakeMarket {
  readonly asks = {
    predict: async () => [],
    contributions: async ({ names, values }: { names: readonly string[]; values: Float64Array }) => ({
      ...{ model_version: RIDGE, yhat_log_return: 2e-5 },
      features: names.map((name, i) => ({
        name,
        value: values[i]!,
        usual: 0,
        contribution: (i - 1.5) * 1e-5,
      })),
    }),
  };
  operator = fullOperator();
  override stored = storedDays(Date.now() * 1_000);
  readonly #signals = new LiveSignals(readConfig({}), () => {});

  override predict(...given: Parameters<FakeMarket["predict"]>): Prediction {
    const prediction = super.predict(...given);
    const { ts_sec, current_price } = prediction;
    const quote = {
      bid_price_e8: priceE8(Math.round(current_price * 1e8)),
      ask_price_e8: priceE8(Math.round(current_price * 1e8) + 1_000_000),
    };
    this.#signals.onPrediction(prediction, quote);
    this.signal_view = { latest: this.#signals.latest!, ledgers: this.#signals.ledgers!, weights: WEIGHTS };
    const wave = Math.sin(ts_sec / 7);
    this.vector = {
      ...{ symbol: this.symbols[0]!, ts_sec: unixSec(ts_sec), feature_set: "v1", warm: true },
      ...{ set_hash: setHash("5f".repeat(32)), names: NAMES },
      values: Float64Array.of(wave * 1e-4, 0.016, wave, 40 + 10 * wave) as never,
    };
    return prediction;
  }
}
