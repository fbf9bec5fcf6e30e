import { afterAll, describe, expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { setHash } from "../../src/base/units.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import { loadBundle } from "../../src/model/bundle/bundle.ts";
import { BundleModel } from "../../src/model/bundle/model.ts";
import { prepareEvaluator } from "../../src/model/onnx/evaluator.ts";
import { readOnnx } from "../../src/model/onnx/read.ts";
import type { Session } from "../../src/model/onnx/session.ts";
import { ZERO_VERSION, ZeroModel } from "../../src/model/zero_model.ts";
import { rejection } from "../base/rejection.ts";
import { freshBundle, removeFolders, sampleContents, sampleVector } from "./sample.ts";

const STRANGER = setHash("ab".repeat(32));
const code = (value: string) => expect.objectContaining({ code: value });
afterAll(removeFolders);

/** The sample model on a session of the test's own. */
function modelOn(
  run: (input: Float32Array) => Promise<number>,
  clock?: ManualClock,
): {
  model: BundleModel;
  closes: () => number;
} {
  const { manifest, model_onnx } = sampleContents();
  const input = new Float32Array(22);
  let closes = 0;
  const session: Session = {
    input,
    run: () => run(input),
    close: async () => {
      closes++;
    },
  };
  const evaluator = prepareEvaluator(readOnnx(model_onnx));
  return {
    model: new BundleModel({ ...manifest, files: {} }, session, evaluator, { clock }),
    closes: () => closes,
  };
}

describe("model", () => {
  it("refuses a vector of another set, however it is shaped", async () => {
    const model = await loadBundle(await freshBundle());
    expect(await rejection(model.infer(STRANGER, sampleVector(0)))).toEqual(code("FEATURE_SET_MISMATCH"));
    expect(await rejection(model.infer(model.set_hash, new Float64Array(21)))).toEqual(code("MODEL_INPUT"));
    expect(model.counters.inferences).toBe(0);
    await model.close();
  });

  it("lets no NaN, infinity or float32 overflow in, in any column, and goes on after it", async () => {
    const model = await loadBundle(await freshBundle());
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, -1e39]) {
      for (const column of [0, 10, 21]) {
        const vector = sampleVector(0);
        vector[column] = wrong;
        expect(await rejection(model.infer(model.set_hash, vector))).toEqual(code("MODEL_INPUT"));
      }
    }
    expect((await model.infer(model.set_hash, sampleVector(0))).source).toBe("onnx");
    await model.close();
  });

  it("answers from the fallback while a run of the session does not end, and from the session again once it does", async () => {
    const clock = new ManualClock(0);
    const hung = Promise.withResolvers<number>();
    let runs = 0;
    const { model, closes } = modelOn((input) => {
      runs++;
      return runs === 1 ? hung.promise : Promise.resolve(input[0]!);
    }, clock);
    const first = model.infer(model.set_hash, sampleVector(0));
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    clock.advance(LIMITS.inference_ms_max);
    const expected = await (await loadBundle(await freshBundle())).infer(model.set_hash, sampleVector(0));
    expect(await first).toEqual({ yhat: expect.closeTo(expected.yhat, 12), source: "fallback" });
    expect(model.impaired).toContain("does not answer");
    // No further run is begun beside the one that hangs, and no tick waits for it.
    expect((await model.infer(model.set_hash, sampleVector(1))).source).toBe("fallback");
    expect(runs).toBe(1);
    expect(model.counters).toMatchObject({ inferences: 2, fallbacks: 2, unanswered: 1 });
    hung.resolve(1);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    expect(model.impaired).toBeUndefined();
    expect((await model.infer(model.set_hash, sampleVector(2))).source).toBe("onnx");
    await model.close();
    expect(closes()).toBe(1);
  });

  it("is closed within its time though a run hangs, and does not release the session under it", async () => {
    const clock = new ManualClock(0);
    const { model, closes } = modelOn(() => new Promise(() => {}), clock);
    const asked = model.infer(model.set_hash, sampleVector(0));
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    clock.advance(LIMITS.inference_ms_max);
    await asked;
    const closing = rejection(model.close());
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    clock.advance(LIMITS.model_close_ms_max);
    expect((await closing).message).toContain(`within ${LIMITS.model_close_ms_max} ms`);
    expect(closes()).toBe(0);
  });

  it("answers from the fallback when the session fails or gives no number, and counts it", async () => {
    const real = await loadBundle(await freshBundle());
    const failures = [Promise.reject(new TypeError("session lost")), Promise.resolve(Number.NaN)];
    const { model } = modelOn(() => failures.shift() ?? Promise.resolve(1));
    for (const row of [0, 1]) {
      const fallback = await model.infer(model.set_hash, sampleVector(row));
      const native = await real.infer(real.set_hash, sampleVector(row));
      expect(fallback.source).toBe("fallback");
      expect(Math.abs(fallback.yhat - native.yhat)).toBeLessThan(1e-9);
      expect(fallback.yhat).not.toBe(0);
    }
    expect(model.counters).toMatchObject({
      inferences: 2,
      fallbacks: 2,
      last_error: "the session answered NaN",
    });
    expect(await model.infer(model.set_hash, sampleVector(2))).toEqual({ yhat: 1, source: "onnx" });
    expect(model.counters).toMatchObject({ inferences: 3, fallbacks: 2 });
    await Promise.all([real.close(), model.close()]);
  });

  it("runs one inference at a time, in the order asked, each on its own vector", async () => {
    let running = 0;
    const { model } = modelOn(async (input) => {
      expect(++running).toBe(1);
      const seen = input[3]!;
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      expect(input[3]).toBe(seen);
      running--;
      return seen;
    });
    const rows = [5, 6, 7, 8, 9];
    const answers = await Promise.all(rows.map((row) => model.infer(model.set_hash, sampleVector(row))));
    expect(answers.map((answer) => answer.yhat)).toEqual(
      rows.map((row) => Math.fround(sampleVector(row)[3]!)),
    );
  });

  it("finishes what is asked before it closes, closes once, and refuses after that", async () => {
    const { model, closes } = modelOn(() => Promise.resolve(0.5));
    const asked = model.infer(model.set_hash, sampleVector(0));
    await Promise.all([asked.then(() => model.close()), asked]);
    await model.close();
    expect(closes()).toBe(1);
    expect(await rejection(model.infer(model.set_hash, sampleVector(0)))).toEqual(code("MODEL_CLOSED"));
  });
});

describe("zero model", () => {
  it("forecasts no move, under a name that says so, and refuses a stranger's vector", async () => {
    const model = new ZeroModel(v1);
    expect(await model.infer(v1.hash, sampleVector(0))).toEqual({ yhat: 0, source: "fallback" });
    expect(model).toMatchObject({
      version: ZERO_VERSION,
      feature_set: "v1",
      set_hash: v1.hash,
      horizon_s: 10,
    });
    expect(model.counters).toMatchObject({ inferences: 1, fallbacks: 1 });
    expect(await rejection(model.infer(STRANGER, sampleVector(0)))).toEqual(code("FEATURE_SET_MISMATCH"));
    await model.close();
    await model.close();
  });
});
