import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { silentLogger } from "../../src/base/log.ts";
import { micros, setHash, unixSec } from "../../src/base/units.ts";
import type { ParityRun } from "../../src/record/parity_runs.ts";
import { createApp } from "../../src/serve/app.ts";
import type { ParityQuery } from "../../src/serve/ports.ts";
import { StreamHub } from "../../src/serve/stream_hub.ts";
import { FakeMarket } from "./fake_market.ts";

const START_SEC = 1_732_180_000;

interface Answer {
  status: number;
  headers: Headers;
  // Answers are read as a caller would: by name, whatever else is there.
  body: Record<string, unknown> & { predictions?: Record<string, unknown>[]; dependencies?: unknown[] };
}

function serve(market = new FakeMarket(), seconds = 0) {
  for (let sec = START_SEC; sec < START_SEC + seconds; sec++) market.tick(sec);
  const clock = new ManualClock((START_SEC + seconds) * 1e6);
  const app = createApp({ ports: market, hub: new StreamHub(market, clock), clock, log: silentLogger });
  const get = async (path: string, init?: RequestInit): Promise<Answer> => {
    const response = await app.request(path, init);
    const text = await response.text();
    const json = response.headers.get("content-type")?.includes("json");
    return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : { text } };
  };
  return { market, clock, app, get };
}

function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer.status).toBe(status);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.body).toMatchObject({ status, code, type: `urn:foretick:problem:${code.toLowerCase()}` });
  expect(answer.body.title).toBeTypeOf("string");
  expect(answer.body.request_id).toBe(answer.headers.get("x-request-id"));
}

describe("GET /latest", () => {
  it("gives the current prediction under the names of the database, and nothing internal", async () => {
    const { market, get } = serve(undefined, 3);
    const row = market.recent().at(-1)!;
    const { status, headers, body } = await get("/latest?symbol=BTCUSDT");
    expect(status).toBe(200);
    expect(body).toEqual({
      symbol: "BTCUSDT",
      ts_sec: START_SEC + 2,
      horizon_s: 10,
      yhat_log_return_10s: row.yhat_log_return_10s,
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
    });
    expect(headers.get("cache-control")).toBe("no-store");
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
    expect((await get("/metrics")).body.text).toContain("predictions_from_memory_total 1");
  });

  it("waits no longer than it says for a database that does not answer", async () => {
    const { market, clock, get } = serve(undefined, 3);
    market.database = () => new Promise(() => {});
    const answer = get("/predictions");
    await Promise.resolve();
    clock.advance(LIMITS.query_wait_max_ms);
    expect((await answer).body.served_from).toBe("memory");
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
    expect(body.dependencies).toContainEqual(market.dependencies[0]);
  });

  it("is 503 but still live when something is down", async () => {
    const { market, get } = serve();
    market.dependencies[2] = { name: "feed BTCUSDT", state: "down", reason: "silent for 70 s", facts: {} };
    expect(await get("/health")).toMatchObject({ status: 503, body: { status: "down", ready: false } });
    expect(await get("/health/ready")).toMatchObject({ status: 503, body: { ready: false } });
    expect(await get("/health/live")).toMatchObject({ status: 200, body: { live: true } });
  });
});

describe("GET /metrics", () => {
  it("speaks the Prometheus text format and counts requests by route and status", async () => {
    const { get } = serve();
    await get("/latest");
    const { headers, body } = await get("/metrics");
    expect(headers.get("content-type")).toContain("text/plain; version=0.0.4");
    expect(body.text).toContain("# TYPE stream_published_total counter");
    expect(body.text).toContain('http_request_seconds_count{route="/latest",status="503"} 1');
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
