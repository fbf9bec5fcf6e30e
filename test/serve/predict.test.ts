import { afterAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { readConfig } from "../../src/base/config.ts";
import { fail } from "../../src/base/errors.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { silentLogger } from "../../src/base/log.ts";
import { modelVersion, unixSec } from "../../src/base/units.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import { loadBundle, writeBundle } from "../../src/model/bundle/bundle.ts";
import { bundleDir } from "../../src/model/bundle/install.ts";
import { EnsembleModel } from "../../src/model/ensemble.ts";
import { Calibrations } from "../../src/predict/calibrations.ts";
import { Access } from "../../src/serve/access/access.ts";
import { createApp } from "../../src/serve/app.ts";
import { StreamHub } from "../../src/serve/stream/hub.ts";
import { AskedModels } from "../../src/system/asked/asked_models.ts";
import { Asks, type AsksOptions } from "../../src/system/asked/asks.ts";
import {
  freshFolder,
  networkContents,
  removeFolders,
  sampleContents,
  sampleVector,
} from "../model/sample.ts";
import { FakeMarket } from "./fake_market.ts";

const model_dir = await freshFolder();
await writeBundle(model_dir, sampleContents());
await writeBundle(model_dir, sampleContents({ version: "2" }));
const champion = {
  version: modelVersion("ridge-v1/1"),
  feature_set: "v1",
  importance: {
    ...{ format: "foretick-importance/1", rows: 10 },
    features: v1.names.map((name) => ({ name, r2_lost: 0, weight: 1 / v1.names.length })),
  } as never,
};
const calibrations = new Calibrations();
for (let sec = 0; sec < 400; sec++) {
  const yhat = 1e-5 * Math.sin(sec);
  const came = yhat + 4e-5 * Math.cos(1.7 * sec);
  const forecast = {
    ...{
      venue: "binance",
      symbol: "BTCUSDT",
      ts_sec: unixSec(1_700_000_000 + sec),
      role: "champion",
      served: true,
    },
    ...{ model_version: champion.version, horizon_s: 10, label: "mid", feature_set: "v1", source: "onnx" },
    ...{ yhat_log_return: yhat, current_price: 60_000 },
  };
  const worth = calibrations.of(forecast as never);
  calibrations.learn({
    ...forecast,
    ...worth,
    ...{ realized_log_return: came, realized_mid_log_return: came, realized_last_log_return: came },
  } as never);
}
const models = new AskedModels({ model_dir, clock: systemClock, log: silentLogger });
/** Of the registered ensemble; set to make the database fail. */
const registered = async (version: string) => (version === "both/1" ? SHARES : undefined);
let membersOf: AsksOptions["membersOf"] = registered;
const asks = new Asks({
  models,
  membersOf: (version) => membersOf(version),
  symbolOf: () => ({ champion, calibrations, priceOf: () => 60_000 }),
  settings: readConfig({}),
  ...{ busy_ms: 0, clock: systemClock },
});
class Market extends FakeMarket {
  readonly asks = asks;
}
const market = new Market();
const hub = new StreamHub(market, systemClock);
const key = {
  ...{ fits: () => true, any: async () => true },
  identify: async () => ({ actor: "desk", role: "client" as const, id: "desk" }),
};
const access = new Access({ public_read: true, credentials: [key] });
const app = createApp({ ports: market, hub, clock: systemClock, log: silentLogger, access });
afterAll(async () => {
  hub.close();
  await models.close();
  await removeFolders();
});

const features = (row = 5): Record<string, number> =>
  Object.fromEntries(v1.names.map((name, at) => [name, sampleVector(row)[at]!]));

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const init = {
    method: "POST",
    body: text,
    headers: { "content-type": "application/json", "x-api-key": "desk", ...headers },
  };
  const answer = await app.request(path, init);
  // Read as a caller would: by name.
  // biome-ignore lint/suspicious/noExplicitAny: an answer of any form
  return { status: answer.status, body: (await answer.json()) as any };
}

const SHARES = [
  { version: modelVersion("ridge-v1/1"), weight: 0.75 },
  { version: modelVersion("net-v1/1"), weight: 0.25 },
];

/** An ensemble as a symbol's champion, as the service holds one. */
async function ensembleApp() {
  await writeBundle(model_dir, networkContents(v1, { version: "1" })).catch(() => {});
  const members = await Promise.all(
    SHARES.map(async ({ version, weight }) => ({
      ...{ model: await loadBundle(bundleDir(model_dir, version)), weight },
    })),
  );
  const ensemble = new EnsembleModel(modelVersion("both/1"), members);
  const market_of_it = Object.assign(new FakeMarket(), {
    asks: new Asks({
      ...{ models, membersOf: registered },
      symbolOf: () => ({ champion: ensemble, calibrations: new Calibrations(), priceOf: () => 60_000 }),
      settings: readConfig({}),
      ...{ busy_ms: 0, clock: systemClock },
    }),
  });
  const own_hub = new StreamHub(market_of_it, systemClock);
  own_hub.close();
  const options = { ports: market_of_it, hub: own_hub, clock: systemClock, log: silentLogger, access };
  return { ensemble, app: createApp(options) };
}

describe("POST /predict on a champion that is an ensemble", () => {
  it("answers with the ensemble's forecast, one vector or many, by its name or without one", async () => {
    const { ensemble, app: of_ensemble } = await ensembleApp();
    const asked = async (path: string, body: unknown) => {
      const headers = { "content-type": "application/json", "x-api-key": "desk" };
      const answer = await of_ensemble.request(path, { method: "POST", headers, body: JSON.stringify(body) });
      // biome-ignore lint/suspicious/noExplicitAny: an answer of any form
      return { status: answer.status, body: (await answer.json()) as any };
    };
    const expected = async (row: number) => (await ensemble.infer(v1.hash, sampleVector(row))).yhat;
    const one = await asked("/predict", { symbol: "BTCUSDT", features: features(5) });
    expect([one.status, one.body.model_version]).toEqual([200, "both/1"]);
    expect(one.body.forecast.yhat_log_return).toBe(await expected(5));
    const alone = await asked("/predict", {
      symbol: "BTCUSDT",
      features: features(5),
      model_version: "ridge-v1/1",
    });
    expect(alone.body.forecast.yhat_log_return).not.toBe(one.body.forecast.yhat_log_return);
    const rows = [5, 6, 7].map((row) => ({
      symbol: "BTCUSDT",
      features: features(row),
      model_version: "both/1",
    }));
    const many = await asked("/batch-predict", rows);
    expect(many.status).toBe(200);
    for (const [at, row] of [5, 6, 7].entries()) {
      const { model_version, forecast } = many.body.results[at];
      expect([model_version, forecast.yhat_log_return]).toEqual(["both/1", await expected(row)]);
    }
    const lacking = await asked("/predict", { symbol: "BTCUSDT", features: {} });
    expect([lacking.status, lacking.body.detail]).toEqual([
      400,
      expect.stringContaining("both/1 needs 22 of v1"),
    ]);
    await ensemble.close();
  });

  it("answers with the forecast of one that is registered and does not serve, and knows none of another name", async () => {
    const { ensemble } = await ensembleApp();
    const ask = { symbol: "BTCUSDT", features: features(8) };
    const answer = await post("/predict", { ...ask, model_version: "both/1" });
    expect([answer.status, answer.body.model_version]).toEqual([200, "both/1"]);
    const { yhat } = await ensemble.infer(v1.hash, sampleVector(8));
    expect(answer.body.forecast.yhat_log_return).toBe(yhat);
    const lacking = await post("/predict", { ...ask, features: {}, model_version: "both/1" });
    expect([lacking.status, lacking.body.detail]).toEqual([
      400,
      expect.stringContaining("both/1 needs 22 of v1"),
    ]);
    const other = await post("/predict", { ...ask, model_version: "neither/1" });
    expect([other.status, other.body.code]).toEqual([404, "MODEL_UNKNOWN"]);
    membersOf = async () => fail("STORE_UNREACHABLE", "the database does not answer");
    const unknown = await post("/predict", { ...ask, model_version: "neither/1" });
    membersOf = registered;
    expect([unknown.status, unknown.body.code]).toEqual([503, "TRY_AGAIN"]);
    await ensemble.close();
  });
});

describe("POST /predict", () => {
  it("answers with the forecast of the bundle, its worth and a signal whose probabilities are 100 together", async () => {
    const { status, body } = await post("/predict", { symbol: "BTCUSDT", features: features() });
    expect(status).toBe(200);
    const expected = await (await models.of("ridge-v1/1")).infer(Float32Array.from(sampleVector(5)), 1);
    const { forecast, prediction } = body;
    expect(forecast.yhat_log_return).toBe(expected[0]);
    expect(forecast.predicted_price).toBe(60_000 * Math.exp(expected[0]!));
    expect(forecast.lower_price).toBeLessThan(forecast.predicted_price);
    expect(forecast.upper_price).toBeGreaterThan(forecast.predicted_price);
    expect(forecast).toMatchObject({ horizon_s: 10, interval_coverage: 0.9, calibrated: true, note: null });
    const { BUY, HOLD, SELL } = prediction.probabilities;
    expect(BUY + HOLD + SELL).toBe(100);
    expect(prediction.confidence).toBe(prediction.probabilities[prediction.direction]);
    // They have no say in the confidence of this model.
    expect(prediction.weights_applied).toBe(false);
    expect(Object.keys(prediction.weights)).toEqual([...v1.names]);
    expect(body).toMatchObject({ symbol: "BTCUSDT", model_version: "ridge-v1/1" });
  });

  it("answers the same question from its cache, in whichever order it is asked, and another model's is another", async () => {
    const given = features(6);
    const first = await post("/predict", { symbol: "BTCUSDT", features: given });
    const turned = Object.fromEntries(Object.entries(given).reverse());
    const again = await post("/predict", { symbol: "BTCUSDT", indicators: turned });
    expect([first.body.cache_hit, again.body.cache_hit]).toEqual([false, true]);
    expect(again.body.forecast).toEqual(first.body.forecast);
    const other = await post("/predict", { symbol: "BTCUSDT", features: given, model_version: "ridge-v1/2" });
    expect(other.body).toMatchObject({ cache_hit: false, model_version: "ridge-v1/2" });
  });

  it("says so where nothing is known of what a model's forecasts are worth, and is neutral", async () => {
    const { body } = await post("/predict", {
      ...{ symbol: "BTCUSDT", features: features(7), model_version: "ridge-v1/2", include_weights: false },
    });
    expect(body.forecast).toMatchObject({ p_up: 0.5, confidence: 0.5, lower_price: null, calibrated: false });
    expect(body.forecast.note).toContain("neutral");
    expect(body.prediction).toMatchObject({
      direction: "HOLD",
      recommendation: "AVOID",
      weights_applied: false,
    });
  });

  it("refuses what only looks like a list, also where its length is no number at all", async () => {
    const { status, body } = await post("/batch-predict", '{"length":{"toString":1}}');
    expect({ status, code: body.code }).toEqual({ status: 400, code: "REQUEST_INVALID" });
  });

  it("names what is wrong: missing, unknown, text, NaN, of another set, another symbol, another model", async () => {
    const { ret_1s: _, ...rest } = features();
    const [name] = v1.names;
    const cases: [unknown, string, number?][] = [
      [
        { symbol: "BTCUSDT", features: Object.fromEntries(Object.entries(features()).slice(1)) },
        `features.${name}`,
      ],
      [{ symbol: "BTCUSDT", indicators: { ...features(), nosuch: 1 } }, "indicators.nosuch"],
      [{ symbol: "BTCUSDT", features: { ...features(), [name!]: "1.5" } }, `features.${name}`],
      [{ symbol: "BTCUSDT", features: { ...features(), [name!]: null } }, `features.${name}`],
      [{ symbol: "BTCUSDT", features: { ...features(), [name!]: 1e300 } }, `features.${name}`],
      [`{"symbol":"BTCUSDT","features":{"${name}": NaN}}`, name!],
      [`{"symbol":"BTCUSDT","features":{"${name}": -Infinity}}`, name!],
      [{ symbol: "BTCUSDT", features: features(), set: "gold" }, "set"],
      [{ symbol: "BTCUSDT" }, "features"],
      [{ symbol: "BTCUSDT", features: features(), lmit: 1 }, "lmit"],
      ["{", "body"],
      ["", "body"],
      [{ symbol: "NOSUCH", features: rest }, "symbol", 404],
      [{ symbol: "BTCUSDT", features: features(), model_version: "no/such" }, "model_version", 404],
      [{ symbol: "BTCUSDT", features: features(), model_version: "a/../../etc" }, "model_version", 404],
    ];
    for (const [body, field, status = 400] of cases) {
      const answer = await post("/predict", body);
      expect([answer.status, answer.body.field]).toEqual([status, field]);
      expect(answer.body.detail).toContain(field === "body" ? "body" : field.split(".").at(-1));
    }
    const plain = await post("/predict", "x", { "content-type": "text/plain" });
    expect([plain.status, plain.body.code]).toEqual([415, "MEDIA_TYPE"]);
  });
});

describe("POST /batch-predict", () => {
  it("answers those it can in one call of the model, and says of each other why not", async () => {
    const model = await models.of("ridge-v1/1");
    let calls = 0;
    const infer = model.infer.bind(model);
    model.infer = (values, rows) => {
      calls++;
      return infer(values, rows);
    };
    const body = [
      ...[10, 11, 12].map((row) => ({ symbol: "BTCUSDT", features: features(row) })),
      { symbol: "BTCUSDT", features: { ...features(13), spread: "wide" } },
      { symbol: "NOSUCH", features: features(14) },
      { symbol: "BTCUSDT", features: features(15) },
      7,
      null,
    ];
    const answer = await post("/batch-predict", body);
    expect(answer.status).toBe(200);
    expect(calls).toBe(1);
    expect(answer.body).toMatchObject({ success: false, total_requests: 8, successful_predictions: 4 });
    expect(
      answer.body.errors.map(({ index, code }: { index: number; code: string }) => [index, code]),
    ).toEqual([
      [3, "REQUEST_INVALID"],
      [4, "SYMBOL_UNKNOWN"],
      [6, "REQUEST_INVALID"],
      [7, "REQUEST_INVALID"],
    ]);
    const alone = await infer(Float32Array.from(sampleVector(15)), 1);
    expect(answer.body.results[3].forecast.yhat_log_return).toBeCloseTo(alone[0]!, 9);
  });

  it("takes a thousand and refuses one more", async () => {
    const one = { symbol: "BTCUSDT", features: features(1) };
    const many = Array.from({ length: LIMITS.ask_rows_max }, () => one);
    expect((await post("/batch-predict", many)).body.successful_predictions).toBe(LIMITS.ask_rows_max);
    expect((await post("/batch-predict", [...many, one])).status).toBe(400);
    expect((await post("/batch-predict", [])).status).toBe(400);
  });
});
