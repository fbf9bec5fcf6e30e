/** When the REST client waits, tries again, and gives up. */

import { afterEach, describe, expect, it } from "vitest";
import type { RestClient } from "../../../src/binance/rest/client.ts";
import { eventually, quietly } from "../eventually.ts";
import { closeAll, expectCode, NOW_US, runUntilSettled, start, tradeRow } from "./rest_server.ts";

afterEach(closeAll);

describe("RestClient: waiting", () => {
  it("makes all requests wait for the Retry-After of one, then answers all", async () => {
    for (const status of [429, 418]) {
      let refused = false;
      const { client, server, clock } = start((url) => {
        if (url.pathname === "/api/v3/time" && !refused) {
          refused = true;
          return new Response("{}", { status, headers: { "Retry-After": "7" } });
        }
        return url.pathname === "/api/v3/time" ? Response.json({ serverTime: NOW_US }) : Response.json([]);
      });
      const time = client.serverTime();
      await eventually("the refusal", () => client.counters.rate_limited === 1);
      const trades = client.trades("BTCUSDT", 1);
      clock.advance(6_999);
      await quietly();
      expect(server.seen.length).toBe(1);
      clock.advance(1);
      expect<number>(await time).toBe(NOW_US);
      expect(await trades).toEqual([]);
      expect(server.seen.length).toBe(3);
    }
  });

  it("fails at once where a ban lasts longer than a request may wait", async () => {
    const { client, server } = start(
      () => new Response("{}", { status: 418, headers: { "Retry-After": "86400" } }),
      { wait_max_ms: 10_000 },
    );
    const error = await expectCode(client.serverTime(), "REST_RATE_LIMIT");
    expect(error.details.retry_after_s).toBe(86_400);
    await expectCode(client.trades("X", 1), "REST_RATE_LIMIT");
    expect(server.seen.length).toBe(1);
  });

  it("tries a 5xx again with backoff, others passing meanwhile, and gives up after its number of tries", async () => {
    const { client, server, clock } = start(
      (url) =>
        url.pathname === "/api/v3/time" ? new Response("", { status: 503 }) : Response.json([tradeRow(1)]),
      { tries_max: 3 },
    );
    const failed = expectCode(client.serverTime(), "REST_STATUS");
    await eventually("the first try's end", () => client.counters.retries === 1 && client.load.waiting === 1);
    expect((await client.trades("X", 1)).length).toBe(1);
    clock.advance(249);
    await quietly();
    expect(server.seen.length).toBe(2); // half the first wait of 500 ms has not passed
    await runUntilSettled(clock, failed);
    expect(server.seen.length).toBe(4);
    expect(client.counters).toMatchObject({ retries: 2, failures: 1 });
  });

  it("gives a silent server its deadline, then tries again", async () => {
    let asked = 0;
    const { client, clock } = start(() => {
      asked += 1;
      return asked === 1 ? new Promise<Response>(() => {}) : Response.json({ serverTime: NOW_US });
    });
    const time = client.serverTime();
    await eventually("the request", () => asked === 1);
    clock.advance(9_999);
    await quietly();
    expect(client.counters.retries).toBe(0);
    clock.advance(1);
    expect<number>(await runUntilSettled(clock, time)).toBe(NOW_US);
    expect(client.counters.retries).toBe(1);
  });

  it("says so when there is no answer", async () => {
    const { client } = start(() => Response.json({}), { origin: "http://127.0.0.1:1", tries_max: 1 });
    await expectCode(client.serverTime(), "REST_UNREACHABLE");
  });

  it("learns the weight limit from exchangeInfo and waits rather than pass its share", async () => {
    let served = 0;
    const { client, server, clock } = start((url) => {
      if (url.pathname !== "/api/v3/exchangeInfo") return Response.json([]);
      served += 1;
      return Response.json({
        rateLimits: [{ rateLimitType: "REQUEST_WEIGHT", interval: "MINUTE", intervalNum: 1, limit: 100 }],
        symbols: [
          {
            symbol: "BTCUSDT",
            status: "TRADING",
            filters: [
              { filterType: "PRICE_FILTER", tickSize: "0.01000000" },
              { filterType: "LOT_SIZE", stepSize: "0.00001000" },
            ],
          },
        ],
      });
    });
    expect(await client.exchangeInfo("BTCUSDT")).toEqual({
      symbol: "BTCUSDT",
      status: "TRADING",
      tick_size_e8: 1_000_000,
      step_size_e8: 1_000,
      weight_per_min: 100,
    } as unknown as Awaited<ReturnType<RestClient["exchangeInfo"]>>);
    // 20 spent of 80: two requests of 25 fit, the third has to wait for the minute to pass.
    let answered = 0;
    const answers = Promise.all(
      [1, 2, 3].map(async () => {
        await client.trades("BTCUSDT", 1);
        answered += 1;
      }),
    );
    // Answered, not only seen: a request still on its way would run into its deadline when the clock moves.
    await eventually("two of three", () => answered === 2);
    clock.advance(55_000);
    await quietly();
    expect(server.seen.length).toBe(3);
    expect(client.load.waiting).toBe(1);
    await runUntilSettled(clock, answers, 1_000);
    expect(served).toBe(1);
    expect(server.seen.length).toBe(4);
  });

  it("believes the exchange's count where it is higher than its own", async () => {
    const headers = { "X-MBX-USED-WEIGHT-1M": "4790" };
    const { client, server, clock } = start(() => Response.json({ serverTime: NOW_US }, { headers }));
    await client.serverTime();
    expect(client.load.weight_used).toBe(4_790);
    const depth = client.depth("X", 5000).catch(() => undefined);
    await quietly();
    expect(server.seen.length).toBe(1);
    await runUntilSettled(clock, depth, 1_000);
    expect(server.seen.length).toBe(2);
  });

  it("refuses what waits and what is on its way when closed, twice without harm", async () => {
    const { client, server, clock } = start(() => new Promise<Response>(() => {}));
    const requests = Array.from({ length: 6 }, () => expectCode(client.serverTime(), "REST_UNREACHABLE"));
    await eventually("four on their way", () => server.seen.length === 4);
    await client.close();
    await client.close();
    await Promise.all(requests);
    await expectCode(client.serverTime(), "REST_UNREACHABLE");
    clock.advance(3_600_000);
  });
});
