import { describe, expect, it } from "vitest";
import { readConfig } from "../../../src/base/config.ts";
import { modelVersion, priceE8, unixSec } from "../../../src/base/units.ts";
import type { Series } from "../../../src/predict/series.ts";
import { LiveSignals } from "../../../src/signal/live_signals.ts";
import { expectProblem, START_SEC, serve } from "../asked_app.ts";
import { FAKE_CHAMPION, FakeMarket } from "../fake_market.ts";

const iso = (ts_sec: number): string => new Date(ts_sec * 1_000).toISOString();

describe("GET /reliability", () => {
  it("gives promised against realised by bin, of the champion where no model is named, up to its newest forecast", async () => {
    const { market, get } = serve(undefined, 3);
    const { status, body } = await get("/reliability?window=1h");
    expect(status).toBe(200);
    const bin = { from: 0.52, n: 100, promised: 0.524, realised: 0.53 };
    expect(body).toEqual({
      ...{ symbol: "BTCUSDT", model_version: FAKE_CHAMPION.model_version, window: "1h" },
      ...{ from: "2024-11-21T08:06:43.000Z", to: "2024-11-21T09:06:43.000Z" },
      p_up: [bin],
      confidence: [bin],
      interval: {
        ...{ n: 400, promised: 0.9, realised: 0.91 },
        hours: [
          { from: "2024-11-21T08:00:00.000Z", n: 300, promised: 0.9, realised: 0.92 },
          { from: "2024-11-21T09:00:00.000Z", n: 100, promised: 0.9, realised: 0.88 },
        ],
      },
    });
    await get("/reliability?model_version=other/1&window=15m");
    const { model_version, from_us, to_us } = market.reliability_asked!;
    expect({ model_version, s: (to_us - from_us) / 1e6 }).toEqual({
      model_version: "other/1" as never,
      s: 900,
    });
  });

  it("refuses another window, and says so where the database does not answer", async () => {
    const { market, get } = serve(undefined, 3);
    expect((await get("/reliability?window=2h")).body).toMatchObject({
      code: "REQUEST_INVALID",
      field: "window",
    });
    market.database = () => Promise.reject(new Error("down"));
    expect(await get("/reliability")).toMatchObject({ status: 503, body: { code: "STORE_UNREACHABLE" } });
  });
});

describe("GET /signals/latest", () => {
  it("gives what one would do, its weights, the quote, and what that has earned on paper since midnight", async () => {
    const { market, get } = serve(undefined, 1);
    const ts_sec = unixSec(START_SEC);
    const midnight = unixSec(START_SEC - (START_SEC % 86_400));
    const signals = new LiveSignals(readConfig({}), () => {});
    const worth = { lower_log_return: -6e-4, upper_log_return: 6e-4, interval_coverage: 0.9 };
    const quote = { bid_price_e8: priceE8(6_183_760_000_000), ask_price_e8: priceE8(6_183_761_000_000) };
    const prediction = { ...market.recent().at(-1)!, ...worth, p_up: 0.53, confidence: 0.53 };
    signals.onPrediction(prediction, quote);
    market.signal_view = {
      ...{ latest: signals.latest!, ledgers: signals.ledgers! },
      weights: { spread_bps: 0.5, imbalance: 1.5 },
    };
    const { status, headers, body } = await get("/signals/latest?symbol=BTCUSDT");
    expect(status).toBe(200);
    expect(headers.get("access-control-allow-origin")).toBe("*");
    expect(body).toMatchObject({
      ...{ symbol: "BTCUSDT", ts_sec, timestamp: iso(ts_sec), model_version: FAKE_CHAMPION.model_version },
      ...{ role: "champion", horizon_s: 10, bid_price: 61_837.6, ask_price: 61_837.61 },
      signal: {
        ...{ direction: "BUY", recommendation: "AVOID", position_multiplier: 0.5, risk_level: "HIGH" },
        ...{ cost_bp: 1, weights_applied: false, weights: { spread_bps: 0.5, imbalance: 1.5 } },
        probabilities: signals.latest!.probabilities,
      },
      ledger: { since: iso(midnight), complete: false, fee_bp: 10 },
    });
    const { strategies } = body.ledger as { strategies: { strategy: string; is_open: boolean }[] };
    const open = strategies.filter(({ is_open }) => is_open).map(({ strategy }) => strategy);
    expect(open).toEqual(["direction"]);
  });

  it("is 503 with the reason while no interval is known", async () => {
    const { get } = serve();
    const answer = await get("/signals/latest");
    expectProblem(answer, 503, "NO_PREDICTION_YET");
    expect(answer.body.detail).toContain("volatility");
    expectProblem(await get("/signals/latest?symbol=XRPUSDT"), 404, "SYMBOL_UNKNOWN");
  });
});

describe("GET /quality", () => {
  it("gives a window's figures against no move, with the interval and what the outcomes are worth", async () => {
    const { market, get } = serve(undefined, 20 * 60);
    const { status, body } = await get("/quality?window=15m");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...{ symbol: "BTCUSDT", model_version: FAKE_CHAMPION.model_version, role: "champion" },
      ...{ window: "15m", horizon_s: 10, label: "mid" },
    });
    const rows = market
      .recent()
      .filter(({ ts_sec }) => iso(ts_sec) >= String(body.from) && iso(ts_sec) < String(body.to))
      .filter(({ realized_log_return }) => realized_log_return !== null);
    const sum = (of: (row: (typeof rows)[number]) => number): number =>
      rows.reduce((total, row) => total + of(row), 0);
    const r2 =
      1 -
      sum((row) => (row.realized_log_return! - row.yhat_log_return) ** 2) /
        sum((row) => row.realized_log_return! ** 2);
    expect(Date.parse(String(body.to)) - Date.parse(String(body.from))).toBe(900_000);
    expect(body.n).toBe(rows.length);
    expect(body.n_effective).toBeCloseTo(rows.length / 10, 9);
    // Returns are rounded to a ten-thousandth of a basis point.
    expect(body.r2).toBeCloseTo(r2, 3);
    expect(body.r2_low).toBeLessThan(Number(body.r2));
    expect(body.r2_high).toBeGreaterThan(Number(body.r2));
    const { zero, ridge } = body.baselines as Record<string, Record<string, number>>;
    expect(zero!.mae).toBeCloseTo(sum((row) => Math.abs(row.realized_log_return!)) / rows.length, 7);
    expect(ridge).toBeUndefined();
  });

  it("has the ridge model beside it, and answers for another role or version by itself", async () => {
    const market = new FakeMarket();
    const ridge: Series = { model_version: modelVersion("ridge-v1/2"), role: "shadow", horizon_s: 10 };
    market.ridge = ridge;
    for (let sec = START_SEC; sec < START_SEC + 300; sec++) {
      market.predict(sec, ridge);
      market.tick(sec);
    }
    const { get } = serve(market);
    const { body } = await get("/quality?window=1h");
    const { baselines } = body as { baselines: { ridge: Record<string, unknown> } };
    expect(baselines.ridge).toMatchObject({ model_version: "ridge-v1/2", role: "shadow", r2_low: null });
    const alone = (await get("/quality?role=shadow")).body;
    expect(alone).toMatchObject({ model_version: "ridge-v1/2", r2: baselines.ridge.r2, window: "1h" });
    expect((await get("/quality?model_version=ridge-v1/2")).body.role).toBe("shadow");
  });

  it("says so where nothing has come true, and refuses another window", async () => {
    const { get } = serve(undefined, 3);
    expectProblem(await get("/quality"), 503, "NO_PREDICTION_YET");
    expect((await get("/quality?window=2h")).body).toMatchObject({
      code: "REQUEST_INVALID",
      field: "window",
    });
  });
});
