import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { micros } from "../../../src/base/units.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { loadBundle, writeBundle } from "../../../src/model/bundle/bundle.ts";
import { ModelSlot } from "../../../src/model/model_slot.ts";
import { NO_WORTH, type Prediction } from "../../../src/predict/prediction.ts";
import { Predictor } from "../../../src/predict/predictor.ts";
import { bundleContents } from "../../../src/train/export/bundle_contents.ts";
import { AGREEMENT } from "../../../src/train/export/golden.ts";
import { openBackend } from "../../../src/train/network/backend.ts";
import { networkTrainable } from "../../../src/train/network/fit.ts";
import { train } from "../../../src/train/run.ts";
import { START_SEC, syntheticDataset, syntheticRows } from "../data/synthetic.ts";

const MARKET = { seed: 12, seconds: 6_000, r2: 0.1 };
const SERVED = { from: 5_000, to: 5_200 };
let folder = "";
beforeAll(async () => {
  await openBackend(["wasm"]);
  folder = await mkdtemp(join(tmpdir(), "foretick-served-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("a trained network", () => {
  for (const kind of ["mlp", "lstm"] as const) {
    it(`${kind}, written, loaded and served second by second, forecasts what it forecast in training`, async () => {
      const dataset = syntheticDataset(MARKET);
      const trainable = networkTrainable(kind, { settings: { epochs_max: 2, learning_rate: 1e-2 } });
      const options = { seed: 1, train_share: 0.7 };
      const run = await train(dataset, v1, [trainable], options);
      const [fitted] = run.fitted;
      const bundle = { name: `${kind}-v1`, version: "1", created_at_us: micros(0), sources: [], ...options };
      const contents = bundleContents(dataset, v1, run, fitted!, bundle);
      const model = await loadBundle(await writeBundle(folder, contents));
      expect(model.sequence_length).toBe(fitted!.sequence_length);

      const predictions: Prediction[] = [];
      const predictor = new Predictor({
        roster: { champion: new ModelSlot(model, silentLogger), beside: [] },
        worth: () => NO_WORTH,
        clock: new ManualClock(START_SEC * 1_000_000),
        log: silentLogger,
        deadline_ms: 1_000,
        grace_ms: 250,
        exchangeTime: (now_us) => now_us,
        interval_ms: 1_000,
        onPrediction: (prediction) => predictions.push(prediction),
      });
      let second = 0;
      for (const { vector, mid_sum_e8, close_e8 } of syntheticRows(MARKET)) {
        if (second >= SERVED.from && second < SERVED.to) {
          const { symbol, ts_sec } = vector;
          const newest_event_us = micros(ts_sec * 1_000_000);
          const prices = { mid_sum_e8: mid_sum_e8!, close_e8: close_e8! };
          predictor.onClosed({ symbol, ts_sec, vectors: [vector], ...prices, newest_event_us });
        }
        second++;
      }
      await predictor.idle();
      await model.close();

      const trained = fitted!.forecast(dataset, SERVED);
      expect(predictions).toHaveLength(SERVED.to - SERVED.from - (fitted!.sequence_length - 1));
      expect(predictions.every(({ source }) => source === "onnx")).toBe(true);
      expect(new Set(predictions.map(({ yhat_log_return }) => yhat_log_return)).size).toBeGreaterThan(100);
      for (const { ts_sec, yhat_log_return } of predictions) {
        const difference = Math.abs(yhat_log_return - trained[ts_sec - START_SEC - SERVED.from]!);
        expect(difference).toBeLessThan(AGREEMENT * fitted!.target_scale);
      }
    });
  }

  it("that looks at more vectors is purged by as many more seconds", async () => {
    const dataset = syntheticDataset({ ...MARKET, seconds: 2_000 });
    const settings = { epochs_max: 1 };
    const run = (kind: "mlp" | "lstm") =>
      train(dataset, v1, [networkTrainable(kind, { settings })], { seed: 1, train_share: 0.7 });
    const [one, ten] = [await run("mlp"), await run("lstm")];
    expect(ten.split.purge_full_s - one.split.purge_full_s).toBe(9);
    expect(ten.fitted[0]!.sequence_length).toBe(10);
  });
});
