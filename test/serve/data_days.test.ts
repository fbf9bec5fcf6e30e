/** `GET /data/days` as callers meet it. */

import { describe, expect, it } from "vitest";
import { DAY_US } from "../../src/base/units.ts";
import { expectProblem, serve } from "./asked_app.ts";

describe("GET /data/days", () => {
  const HOUR = { trades: 9, trade_seconds: 3, quotes: 8, quote_seconds: 4 };

  it("gives each day hour by hour, empty hours too, none that has not begun, and how much of one has passed", async () => {
    const { market, get } = serve();
    market.stored = async ({ before_us }) => [
      {
        ...{ day_us: before_us - DAY_US, hours: [{ hour: 2, ...HOUR }], breaks: 2, breaks_open: 1 },
        ...{ raw_dropped: false, from_archive: true },
      },
    ];
    const { status, body } = await get("/data/days?days=1");
    expect(status).toBe(200);
    const [day] = body.days as { hours: { hour: number }[] }[];
    expect(day).toMatchObject({ day: "2024-11-21", breaks: 2, breaks_open: 1, from_archive: true });
    // It is 09:06:40.
    expect(day!.hours).toHaveLength(10);
    expect(day!.hours[2]).toEqual({ hour: 2, seconds: 3_600, ...HOUR });
    expect(day!.hours[9]).toMatchObject({ hour: 9, seconds: 400, trades: 0, quote_seconds: 0 });
  });

  it("asks for the days before another one, a week at most, and says so where the database does not answer", async () => {
    const { market, get } = serve();
    const asked: unknown[] = [];
    market.stored = async (query) => {
      asked.push(query);
      return [];
    };
    await get("/data/days?before=2024-11-02&days=3");
    expect(asked).toEqual([
      { symbol: "BTCUSDT", before_us: Date.parse("2024-11-02T00:00:00Z") * 1_000, days: 3 },
    ]);
    expectProblem(await get("/data/days?days=8"), 400, "REQUEST_INVALID");
    expectProblem(await get("/data/days?before=yesterday"), 400, "REQUEST_INVALID");
    market.stored = () => Promise.reject(new Error("down"));
    expectProblem(await get("/data/days"), 503, "STORE_UNREACHABLE");
  });
});
