import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../src/base/config.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { PART_ADVICE } from "../../src/base/runbook/parts.ts";
import { micros, modelVersion, priceE8, setHash, unixSec } from "../../src/base/units.ts";
import type { Series } from "../../src/predict/series.ts";
import type { ParityRun } from "../../src/record/parity/runs.ts";
import type { Dependency, ParityQuery } from "../../src/serve/ports.ts";
import { LiveSignals } from "../../src/signal/live_signals.ts";
import { expectProblem, START_SEC, serve } from "./asked_app.ts";
import { FAKE_CHAMPION, FakeMarket } from "./fake_market.ts";

const iso = (ts_sec: number): string => new Date(ts_sec * 1_000).toISOString();

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

describe("GET /predictions", () => {
  it("gives the newest of the range, oldest first, with outcomes, and says when older ones were left out", async () => {
    const { get } = serve(undefined, 150);
    const { status, body } = await get("/predictions?symbol=BTCUSDT");
    expect(status).toBe(200);
    expect(body).toMatchObject({ limit: 100, served_from: "database", truncated: true });
    expect(body.predictions!.map((row) => row.ts_sec)).toEqual(
      Array.from({ length: 100 }, (_, i) => START_SEC + 50 + i),
    );
    expect(body.predictions![0]!.realized_log_return_10s).toBeTypeOf("number");
    expect(body.predictions!.at(-1)!.realized_log_return_10s).toBeNull();
    expect(body.predictions![0]).not.toHaveProperty("mid_sum_e8");
    expect((await get("/predictions?limit=150")).body.truncated).toBe(false);
  });

  it("takes a half-open range as whole seconds or as ISO 8601 with a zone, to the same rows", async () => {
    const { get } = serve(undefined, 20);
    const iso = (sec: number) => new Date(sec * 1000).toISOString();
    const ranges = [
      `from=${START_SEC + 5}&to=${START_SEC + 8}`,
      `from=${iso(START_SEC + 5)}&to=${iso(START_SEC + 8)}`,
      `from=${encodeURIComponent(iso(START_SEC + 3605).replace(".000Z", "+01:00"))}&to=${START_SEC + 8}`,
      // One microsecond after a second leaves that second out.
      `from=${iso(START_SEC + 4).replace("000Z", "000001Z")}&to=${START_SEC + 8}`,
    ];
    for (const range of ranges) {
      const { body } = await get(`/predictions?${range}`);
      expect(body.predictions?.map((row) => row.ts_sec)).toEqual([5, 6, 7].map((n) => START_SEC + n));
    }
    const { body } = await get(`/predictions?from=${START_SEC}&to=${START_SEC + 8}&every_s=4`);
    expect(body.predictions?.map((row) => row.ts_sec)).toEqual([0, 4].map((n) => START_SEC + n));
    expectProblem(await get("/predictions?every_s=0"), 400, "REQUEST_INVALID");
    const later = await get(`/predictions?from=${START_SEC + 500}`);
    expect(later.status).toBe(200);
    expect(later.body.predictions).toEqual([]);
  });

  it("refuses what is no instant, no count, or no range, by name", async () => {
    const { get } = serve(undefined, 1);
    const cases: [string, string][] = [
      ["from=yesterday", "from"],
      ["from=1732180000000", "from"],
      ["from=2026-02-30T00:00:00Z", "from"],
      ["to=2026-01-31T12:00:00", "to"],
      ["to=1969-12-31T23:59:59Z", "to"],
      ["to=-1", "to"],
      ["limit=0", "limit"],
      ["limit=ten", "limit"],
      ["limit=1e3", "limit"],
      [`limit=${LIMITS.query_rows_max + 1}`, "limit"],
      ["from=1732180010&to=1732180010", "from"],
      ["offset=3", "offset"],
    ];
    for (const [query, field] of cases) {
      const answer = await get(`/predictions?${query}`);
      expectProblem(answer, 400, "REQUEST_INVALID");
      expect(answer.body.field, query).toBe(field);
    }
  });

  it("answers from memory and says so while the database is away", async () => {
    const { market, get } = serve(undefined, 30);
    market.database = () => Promise.reject(new Error("connection refused"));
    const { status, body } = await get(`/predictions?from=${START_SEC + 10}&limit=5`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ served_from: "memory", truncated: true });
    expect(body.predictions!.map((row) => row.ts_sec)).toEqual(
      [25, 26, 27, 28, 29].map((n) => START_SEC + n),
    );
    const sample = (await get(`/predictions?from=${START_SEC + 10}&every_s=10`)).body;
    expect(sample.predictions!.map((row) => row.ts_sec)).toEqual([START_SEC + 10, START_SEC + 20]);
    expect((await get("/metrics")).body.text).toContain("foretick_predictions_from_memory_total 2");
  });

  it("waits no longer than it says for a database that does not answer", async () => {
    const { market, clock, get } = serve(undefined, 3);
    const asked = Promise.withResolvers<void>();
    market.database = () => {
      asked.resolve();
      return new Promise(() => {});
    };
    const answer = get("/predictions");
    await asked.promise;
    clock.advance(LIMITS.query_wait_max_ms);
    expect((await answer).body.served_from).toBe("memory");
  });
});

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

describe("GET /parity", () => {
  const counts = {
    rows_compared: 59,
    rows_mismatched: 2,
    rows_missing: 1,
    rows_extra: 0,
    rows_unexplained: 1,
  };
  const difference = { kind: "mismatched", features: ["ret_1s"], cause: "gap", detail: "3 trades" } as const;
  const run: ParityRun = {
    symbol: "BTCUSDT",
    feature_set: "v1",
    set_hash: setHash("5f".repeat(32)),
    asked_by: "service",
    from_us: micros(START_SEC * 1e6),
    to_us: micros((START_SEC + 60) * 1e6),
    started_us: micros((START_SEC + 90) * 1e6 + 1_500),
    took_ms: 41.5,
    ...counts,
    largest_difference: 0.25,
    worst_feature: "ret_1s",
    features: { ret_1s: { rows: 2, largest: 0.25 } },
    causes: { gap: 2, unexplained: 1 },
    differences: [{ ts_sec: unixSec(START_SEC + 7), ...difference }],
  };

  it("gives the runs and their totals, every difference with its cause", async () => {
    const { market, get } = serve();
    const asked: ParityQuery[] = [];
    market.comparisons = async (query) => {
      asked.push(query);
      const { from_us: _, ...rest } = run;
      return { runs: [run], totals: [{ ...rest, runs: 1 }], totals_since_us: micros(START_SEC * 1e6) };
    };
    const { status, headers, body } = await get("/parity?symbol=BTCUSDT&feature_set=v1&limit=3");
    expect(status).toBe(200);
    expect(headers.get("access-control-allow-origin")).toBe("*");
    expect(asked).toEqual([{ symbol: "BTCUSDT", feature_set: "v1", limit: 3 }]);
    expect(body).toEqual({
      symbol: "BTCUSDT",
      limit: 3,
      totals_since: "2024-11-21T09:06:40.000Z",
      totals: [{ feature_set: "v1", ...counts, runs: 1, to: "2024-11-21T09:07:40.000Z" }],
      runs: [
        {
          symbol: "BTCUSDT",
          feature_set: "v1",
          ...counts,
          set_hash: "5f".repeat(32),
          asked_by: "service",
          from: "2024-11-21T09:06:40.000Z",
          to: "2024-11-21T09:07:40.000Z",
          started_at: "2024-11-21T09:08:10.001Z",
          took_ms: 41.5,
          largest_difference: 0.25,
          worst_feature: "ret_1s",
          features: { ret_1s: { rows: 2, largest: 0.25 } },
          causes: { gap: 2, unexplained: 1 },
          differences: [{ ts_sec: START_SEC + 7, ...difference }],
        },
      ],
    });
  });

  it("refuses a set that is not computed, and a limit beyond the bound, by name", async () => {
    const { get } = serve();
    const unknown = await get("/parity?feature_set=v9");
    expectProblem(unknown, 404, "FEATURE_SET_UNKNOWN");
    expect(unknown.body.detail).toContain("v1, gold");
    for (const query of ["feature_set=V1", `limit=${LIMITS.parity_runs_max + 1}`, "limit=0", "set=v1"]) {
      expectProblem(await get(`/parity?${query}`), 400, "REQUEST_INVALID");
    }
  });

  it("says that the database gives no answer, when it refuses and when it is silent", async () => {
    const { market, clock, get } = serve();
    market.comparisons = () => Promise.reject(new Error("password authentication failed"));
    const refused = await get("/parity");
    expectProblem(refused, 503, "STORE_UNREACHABLE");
    expect(refused.headers.get("retry-after")).toBe("5");
    expect(JSON.stringify(refused.body)).not.toContain("password");
    market.comparisons = () => new Promise(() => {});
    const silent = get("/parity");
    await new Promise((done) => setTimeout(done, 0));
    clock.advance(LIMITS.query_wait_max_ms);
    expectProblem(await silent, 503, "STORE_UNREACHABLE");
  });
});

describe("GET /health", () => {
  it("is ready while nothing is down, and names what is degraded", async () => {
    const { market, get } = serve();
    expect(await get("/health")).toMatchObject({ status: 200, body: { status: "ok", ready: true } });
    market.dependencies[0] = { name: "database", state: "degraded", reason: "unreachable", facts: {} };
    const { status, body } = await get("/health");
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: "degraded", live: true, ready: true });
    const to_do = PART_ADVICE.database.to_do;
    expect(body.dependencies).toContainEqual({ ...market.dependencies[0], to_do });
    expect(body.dependencies).toContainEqual({ ...market.dependencies[1], to_do: null });
  });

  it("is 503 but still live when something is down", async () => {
    const { market, get } = serve();
    market.dependencies[2] = { name: "feed BTCUSDT", state: "down", reason: "silent for 70 s", facts: {} };
    expect(await get("/health")).toMatchObject({ status: 503, body: { status: "down", ready: false } });
    expect(await get("/health/ready")).toMatchObject({ status: 503, body: { ready: false } });
    expect(await get("/health/live")).toMatchObject({ status: 200, body: { live: true } });
  });

  it("stays ready while one symbol of several has no forecast, and is not once none has", async () => {
    const { market, get } = serve();
    const forecast = (symbol: string, state: Dependency["state"]): Dependency => ({
      ...{ name: `forecast ${symbol}`, symbol, state, facts: {} },
      reason: state === "ok" ? null : "its book is empty",
    });
    market.dependencies = [forecast("BTCUSDT", "down"), forecast("ETHUSDT", "ok")];
    expect(await get("/health")).toMatchObject({ status: 200, body: { status: "degraded", ready: true } });
    expect(await get("/health/ready")).toMatchObject({ status: 200, body: { ready: true } });
    market.dependencies = [forecast("BTCUSDT", "down"), forecast("ETHUSDT", "down")];
    expect(await get("/health")).toMatchObject({ status: 503, body: { status: "down", ready: false } });
    market.dependencies = [
      forecast("BTCUSDT", "ok"),
      { name: "feed", state: "down", reason: "the streams are connecting", facts: {} },
    ];
    expect(await get("/health/ready")).toMatchObject({ status: 503, body: { ready: false } });
  });

  it("is live while it makes progress, not because it answers", async () => {
    const { market, get } = serve();
    market.liveness = { live: false, reason: "no second has closed for 90 s" };
    expect(await get("/health/live")).toMatchObject({
      status: 503,
      body: { live: false, reason: "no second has closed for 90 s" },
    });
    expect((await get("/health")).body).toMatchObject({ live: false });
  });
});

describe("GET /metrics", () => {
  it("answers in the Prometheus text format and counts requests by route and status", async () => {
    const { get } = serve();
    await get("/latest");
    const { headers, body } = await get("/metrics");
    expect(headers.get("content-type")).toContain("text/plain; version=0.0.4");
    expect(body.text).toContain("# TYPE foretick_stream_published_total counter");
    expect(body.text).toContain('foretick_http_request_seconds_count{route="/latest",status="503"} 1');
  });
});

describe("every path", () => {
  const PATHS = ["/latest", "/features/latest", "/predictions", "/health", "/stream"];

  it("answers GET and HEAD alone", async () => {
    const { app, get } = serve(undefined, 1);
    for (const path of [...PATHS, "/metrics", "/"]) {
      for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
        const answer = await get(path, { method });
        expectProblem(answer, 405, "METHOD_NOT_ALLOWED");
        expect(answer.headers.get("allow")).toBe("GET, HEAD");
      }
    }
    const head = await app.request("/latest", { method: "HEAD" });
    expect(head.status).toBe(200);
    expect(await head.text()).toBe("");
  });

  it("has a problem for a path that is not there, and for a stream asked without an upgrade", async () => {
    const { get } = serve();
    expectProblem(await get("/nope"), 404, "NOT_FOUND");
    expectProblem(await get("/%E0%A4%A"), 404, "NOT_FOUND");
    expectProblem(await get("/page/../server.ts"), 404, "NOT_FOUND");
    const plain = await get("/stream");
    expectProblem(plain, 426, "UPGRADE_REQUIRED");
    expect(plain.headers.get("upgrade")).toBe("websocket");
    const kinds = await get("/stream?kinds=prediction,gossip");
    expectProblem(kinds, 400, "REQUEST_INVALID");
    expect(kinds.body.field).toBe("kinds");
  });

  it("keeps what went wrong inside to itself: code and request id, no more", async () => {
    const { market, get } = serve(undefined, 1);
    market.latest = () => {
      throw new TypeError("secret: postgres://user:password@host");
    };
    const answer = await get("/latest", { headers: { "x-request-id": "trace-7" } });
    expectProblem(answer, 500, "INTERNAL");
    expect(answer.headers.get("x-request-id")).toBe("trace-7");
    expect(Object.keys(answer.body).sort()).toEqual(["code", "request_id", "status", "title", "type"]);
    expect(JSON.stringify(answer.body)).not.toContain("secret");
  });

  it("does not echo a request id that could break a log line", async () => {
    const answer = await serve().get("/health", { headers: { "x-request-id": "a b{}" } });
    expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("answers any query string with 200 or a 4xx problem, never with a fault of its own", async () => {
    const { get } = serve(undefined, 2);
    const name = fc.oneof(
      fc.constantFrom("symbol", "from", "to", "limit", "kinds", "__proto__", "constructor", "%", "%zz", ""),
      fc.string(),
    );
    const value = fc.oneof(
      fc.constantFrom("BTCUSDT", "1732180000", "99999999999", "%", "%00", "%ff", "NaN", "1e9", "null", "+"),
      fc.string({ unit: "binary", maxLength: 60 }).map(encodeURIComponentSafely),
      fc.string(),
    );
    const query = fc.array(fc.tuple(name, value), { maxLength: 4 }).map((pairs) =>
      pairs
        .map(([left, right]) => `${left}=${right}`)
        .join("&")
        .replaceAll("#", "%23"),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...PATHS), query, async (path, text) => {
        const answer = await get(`${path}?${text}`);
        if (answer.status === 200) return;
        expect(answer.status).toBeGreaterThanOrEqual(400);
        // The fake has no vector, so a sound request for one is told so; nothing else may be a 5xx.
        if (path === "/features/latest" && answer.status === 503) return;
        expect(answer.status).toBeLessThan(500);
        expectProblem(answer, answer.status, String(answer.body.code));
      }),
      { numRuns: 600 },
    );
  });
});

function encodeURIComponentSafely(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

describe("the page's files", () => {
  it("are safe for a browser, without anything inline or from elsewhere", async () => {
    const { get } = serve();
    const { headers, body } = await get("/");
    expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(headers.get("content-security-policy")).toContain("script-src 'self'");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(body.text).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=|https?:/);
  });

  it("come as JavaScript the browser can read, and are not sent twice", async () => {
    const { get } = serve();
    const script = await get("/page/main.ts");
    expect(script.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(script.body.text).not.toContain("import type");
    const etag = script.headers.get("etag")!;
    expect((await get("/page/main.ts", { headers: { "if-none-match": etag } })).status).toBe(304);
    expect((await get("/page/main.ts", { headers: { "if-none-match": '"other"' } })).status).toBe(200);
    expect((await get("/page/tsconfig.json")).status).toBe(404);
  });
});
