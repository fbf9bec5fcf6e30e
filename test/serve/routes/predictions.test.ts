import { describe, expect, it } from "vitest";
import { LIMITS } from "../../../src/base/limits.ts";
import { expectProblem, START_SEC, serve } from "../asked_app.ts";

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
