/** A report card, as training writes it. */

const AT_US = 1.7321e15;
const HOUR_US = 3.6e9;

const score = (model: string, r2: number, sure: boolean) => ({
  ...{ model, rows: 12_718, r2, mae_cut: r2 / 2, ic_pearson: Math.sign(r2) * Math.sqrt(Math.abs(r2)) },
  ...{ hit_rate: 0.5 + r2, calibration_slope: 1.09 },
  intervals: {
    coverage: 0.999,
    r2: sure ? [r2 - 0.0012, r2 + 0.0014] : null,
    hit_rate: sure ? [0.493 + r2, 0.507 + r2] : null,
  },
});
const traded = (trades: number, net: number) => ({
  ...{ trades, gross: 9.7e-5, cost: 0.002, net, net_total: trades * net, win_rate: 0.31, profit_factor: 0.4 },
});

/** As training writes it, with a part that the page does not show. */
export const REPORT = {
  ...{ format: "foretick-report/1", name: "mlp-v1", version: "2026-11-24t10-00-00z", kind: "mlp" },
  ...{ created_at: "2026-11-24T10:00:00.000Z", horizon_s: 10, label: "mid", servable: true, proposed: true },
  data: { symbol: "BTCUSDT", sources: ["database"], rows_seen: 43_200 },
  split: {
    train: { from_us: AT_US - 12 * HOUR_US, to_us: AT_US - 4 * HOUR_US, rows: 29_204 },
    test: { from_us: AT_US - 3.8 * HOUR_US, to_us: AT_US, rows: 12_718 },
  },
  verdict: {
    skill: "shown",
    sentence: "R² against zero is 0.0021, 99.9 % interval 0.0009 to 0.0035: better than forecasting no move.",
  },
  proposal: { sentence: "The network is proposed: on the same rows it gains on ridge." },
  gate_reasons: { "beats zero": "The whole interval of R² against zero is above zero." },
  scores: [
    score("mlp", 0.0021, true),
    score("ridge", 0.0017, true),
    score("zero", 0, false),
    score("last return", -0.004, true),
  ],
  figures: {
    model: { mae: 2.986e-4, rmse: 4.023e-4, price_mae: 18.11 },
    no_move: { mae: 2.991e-4, rmse: 4.03e-4, price_mae: 18.2 },
    ...{ directional_accuracy: 0.518, correlation: 0.046, hit_rate_top_tenth: 0.541, rows_top_tenth: 1_272 },
  },
  calibration: Array.from({ length: 10 }, (_, i) => {
    const forecast = (i - 4.5) * 3e-5;
    return { rows: 1_272, forecast, outcome: 1.09 * forecast + 1e-5 * Math.sin(i), standard_error: 1.4e-5 };
  }),
  along_time: Array.from({ length: 22 }, (_, i) => {
    return { from_sec: 1_732_086_000 + 600 * i, rows: 600, r2: 0.002 + 0.006 * Math.sin(1.7 * i), ic: 0.04 };
  }),
  importance: ["imbalance_top5", "log_return_10s", "spread_bps", "a_feature_with_quite_a_long_name"].map(
    (feature, i) => ({ feature, r2_lost: 0.0016 / (i + 1), range: [0.0012 / (i + 1), 0.0019 / (i + 1)] }),
  ),
  coverage: { nominal: 0.9, adaptive: { coverage: 0.898, width: 0.0013 } },
  trading: {
    ...{ fee: 0.001, caveat: "This does not mean that anyone would have earned or lost this." },
    ...{ every: traded(1_272, -0.0019), worthwhile: traded(0, 0), free: traded(1_272, 9.7e-5) },
  },
};
