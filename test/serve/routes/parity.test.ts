import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../src/base/limits.ts";
import { micros, setHash, unixSec } from "../../../src/base/units.ts";
import type { ParityRun } from "../../../src/record/parity/runs.ts";
import type { ParityQuery } from "../../../src/serve/ports.ts";
import { expectProblem, START_SEC, serve } from "../asked_app.ts";

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
