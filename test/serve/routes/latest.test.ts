import { describe, expect, it } from "vitest";
import { modelVersion, setHash, unixSec } from "../../../src/base/units.ts";
import type { Series } from "../../../src/predict/series.ts";
import { expectProblem, START_SEC, serve } from "../asked_app.ts";
import { FAKE_CHAMPION, FakeMarket } from "../fake_market.ts";

describe("GET /latest", () => {
  it("gives the current prediction under the names of the database, and nothing internal", async () => {
    const { market, get } = serve(undefined, 3);
    const row = market.recent().at(-1)!;
    const { status, headers, body } = await get("/latest?symbol=BTCUSDT");
    expect(status).toBe(200);
    expect(body).toEqual({
      symbol: "BTCUSDT",
      ts_sec: START_SEC + 2,
      role: "champion",
      horizon_s: 10,
      label: "mid",
      yhat_log_return: row.yhat_log_return,
      yhat_log_return_10s: row.yhat_log_return,
      current_price: row.current_price,
      predicted_price: row.predicted_price,
      model_version: "ridge-v1/2026-11-21t10-00-00z",
      feature_set: "v1",
      set_hash: "5f".repeat(32),
      source: "onnx",
      features_age_ms: 12,
      latency_ms: 0.4,
      warm: true,
      emitted_at_us: row.emitted_at_us,
      served: true,
      lower_price: row.lower_price,
      upper_price: row.upper_price,
      interval_coverage: 0.9,
      p_up: row.p_up,
      confidence: row.confidence,
    });
    expect(headers.get("cache-control")).toBe("max-age=0");
    expect(headers.get("access-control-allow-origin")).toBe("*");
  });

  it("says why there is none, and when to ask again", async () => {
    const { market, get } = serve();
    market.unavailable = { reason: "Look-back fills: 240 s to go.", retry_after_s: 239.2 };
    const answer = await get("/latest");
    expectProblem(answer, 503, "NO_PREDICTION_YET");
    expect(answer.body.detail).toBe("Look-back fills: 240 s to go.");
    expect(answer.headers.get("retry-after")).toBe("240");
  });

  it("means the first symbol where none is named", async () => {
    const { get } = serve(new FakeMarket({ symbols: ["ETHUSDT", "BTCUSDT"] }), 1);
    expect((await get("/latest")).body.symbol).toBe("ETHUSDT");
  });

  it("refuses a symbol it does not serve, a malformed one, and a parameter it does not know, each by name", async () => {
    const { get } = serve(undefined, 1);
    const unknown = await get("/latest?symbol=DOGEUSDT");
    expectProblem(unknown, 404, "SYMBOL_UNKNOWN");
    expect(unknown.body).toMatchObject({ field: "symbol" });
    expect(unknown.body.detail).toContain("BTCUSDT");
    for (const query of ["symbol=btcusdt", "symbol=", "symbol=BTC%00", "symbol=BTCUSDT&symbol=BTCUSDT"]) {
      const malformed = await get(`/latest?${query}`);
      expectProblem(malformed, 400, "REQUEST_INVALID");
      expect(malformed.body.field).toBe("symbol");
    }
    const misspelt = await get("/latest?simbol=BTCUSDT");
    expectProblem(misspelt, 400, "REQUEST_INVALID");
    expect(misspelt.body.field).toBe("simbol");
  });
});

describe("several models at once", () => {
  const LONG: Series = { model_version: modelVersion("minute-v1/1"), role: "challenger", horizon_s: 60 };
  const withChallenger = () => {
    const served = serve();
    for (let sec = START_SEC; sec < START_SEC + 80; sec++) {
      served.market.tick(sec);
      served.market.predict(sec, LONG);
    }
    return served;
  };

  it("are never mixed: each answer is of one series, says which, and is the champion's where nothing is said", async () => {
    const { get } = withChallenger();
    const champion = (await get("/predictions")).body;
    expect(champion).toMatchObject({ series: FAKE_CHAMPION, truncated: false });
    expect(champion.predictions).toHaveLength(80);
    expect(champion.predictions!.every((row) => row.role === "champion" && row.horizon_s === 10)).toBe(true);
    for (const query of [
      "role=challenger",
      "role=challenger&horizon_s=60",
      "role=challenger&model_version=minute-v1/1",
    ]) {
      const { body } = await get(`/predictions?${query}`);
      expect(body).toMatchObject({ series: LONG });
      expect(body.predictions!.map((row) => row.role)).toEqual(
        Array.from({ length: 80 }, () => "challenger"),
      );
    }
    expect((await get("/predictions?horizon_s=60")).body).toMatchObject({ series: null, predictions: [] });
  });

  it("go by the horizon in the names of their numbers, beside a name that is always there", async () => {
    const { get } = withChallenger();
    const { body } = await get("/latest?role=challenger");
    expect(body).toMatchObject({
      role: "challenger",
      horizon_s: 60,
      yhat_log_return_60s: body.yhat_log_return,
    });
    expect(body).not.toHaveProperty("yhat_log_return_10s");
    const row = (await get("/predictions?role=challenger")).body.predictions![0]!;
    expect(row.realized_log_return).toBeTypeOf("number");
    expect(row.realized_log_return_60s).toBe(row.realized_log_return);
    expect(row).not.toHaveProperty("realized_log_return_10s");
  });

  it("are asked for by what exists; anything else is refused by name", async () => {
    const { get } = withChallenger();
    for (const [query, field] of [
      ["role=leader", "role"],
      ["horizon_s=0", "horizon_s"],
      ["horizon_s=ten", "horizon_s"],
      ["model_version=../etc", "model_version"],
    ] as const) {
      for (const path of ["/latest", "/predictions"]) {
        const answer = await get(`${path}?${query}`);
        expectProblem(answer, 400, "REQUEST_INVALID");
        expect(answer.body.field).toBe(field);
      }
    }
    expectProblem(await get("/latest?role=shadow"), 503, "NO_PREDICTION_YET");
  });
});

describe("GET /features/latest", () => {
  it("gives every value to the last bit, −0 included, and null for null", async () => {
    const { market, app } = serve(undefined, 1);
    const values = [0.1 + 0.2, -0, Number.NaN, 5e-324, -1.7976931348623157e308, 1 / 3];
    market.vector = {
      symbol: "BTCUSDT",
      ts_sec: unixSec(START_SEC),
      feature_set: "v1",
      set_hash: setHash("ab".repeat(32)),
      warm: true,
      names: ["a", "b", "c", "d", "e", "f"],
      values: Float64Array.from(values),
    };
    const response = await app.request("/features/latest?symbol=BTCUSDT");
    const body = (await response.json()) as { names: string[]; values: (number | null)[] };
    expect(body).toMatchObject({ symbol: "BTCUSDT", ts_sec: START_SEC, feature_set: "v1", warm: true });
    expect(body.names).toEqual(["a", "b", "c", "d", "e", "f"]);
    const read = body.values.map((value) => value ?? Number.NaN);
    const bits = (numbers: number[]) => [...new BigUint64Array(Float64Array.from(numbers).buffer)];
    expect(bits(read)).toEqual(bits(values));
  });

  it("says why there is none", async () => {
    expectProblem(await serve().get("/features/latest"), 503, "NO_PREDICTION_YET");
  });
});
