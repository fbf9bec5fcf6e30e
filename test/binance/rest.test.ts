import { afterEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import type { ErrorCode, ForetickError } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/log.ts";
import { seededRng } from "../../src/base/rng.ts";
import { tradeId } from "../../src/base/units.ts";
import { RestClient } from "../../src/binance/rest.ts";
import type { RestOptions } from "../../src/binance/rest_transport.ts";
import { refusal } from "../base/rejection.ts";
import { eventually, quietly } from "./eventually.ts";

const NOW_US = 1_759_737_766_615_822;

type Answer = (url: URL, request: Request) => Response | Promise<Response>;

/** A REST server of a few lines; `seen` are the requests in order. */
class TestServer {
  readonly seen: { url: URL; headers: Headers }[] = [];
  readonly #server: ReturnType<typeof Bun.serve>;

  constructor(answer: Answer) {
    this.#server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      idleTimeout: 0,
      fetch: (request) => {
        const url = new URL(request.url);
        this.seen.push({ url, headers: request.headers });
        return answer(url, request);
      },
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  async close(): Promise<void> {
    await this.#server.stop(true);
  }
}

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

function start(answer: Answer, options: Partial<RestOptions> = {}) {
  const server = new TestServer(answer);
  const clock = new ManualClock(NOW_US);
  const client = new RestClient({
    origin: server.origin,
    clock,
    rng: seededRng(1),
    log: silentLogger,
    ...options,
  });
  open.push(server, client);
  return { server, clock, client };
}

function tradeRow(id: number) {
  return {
    id,
    price: "61837.63000000",
    qty: "0.00012000",
    quoteQty: "7.42",
    time: NOW_US,
    isBuyerMaker: id % 2 === 0,
    isBestMatch: true,
  };
}

async function expectCode(promise: Promise<unknown>, code: ErrorCode): Promise<ForetickError> {
  const error = await refusal(promise);
  expect(error.code).toBe(code);
  return error;
}

/** Lets `clock` run in steps until `promise` is settled, while the sockets do their work. */
async function runUntilSettled<T>(clock: ManualClock, promise: Promise<T>, step_ms = 250): Promise<T> {
  let settled = false;
  const mark = (): void => {
    settled = true;
  };
  promise.then(mark, mark);
  await eventually("the answer", () => {
    clock.advance(step_ms);
    return settled;
  });
  return promise;
}

describe("RestClient: requests and answers", () => {
  it("asks for microseconds, sends the key, and makes exact integers of decimal strings", async () => {
    const { server, client } = start(() => Response.json([tradeRow(7), tradeRow(8)]), { api_key: "k" });
    const trades = await client.historicalTrades("BTCUSDT", tradeId(7), 2);
    expect(trades[0]).toEqual({
      kind: "trade",
      symbol: "BTCUSDT",
      trade_id: 7,
      ts_us: NOW_US,
      received_us: NOW_US,
      price_e8: 6_183_763_000_000,
      qty_e8: 12_000,
      is_buyer_maker: false,
    } as unknown as (typeof trades)[0]);
    const [request] = server.seen;
    expect(request?.headers.get("X-MBX-TIME-UNIT")).toBe("MICROSECOND");
    expect(request?.headers.get("X-MBX-APIKEY")).toBe("k");
    expect(request?.url.search).toBe("?symbol=BTCUSDT&fromId=7&limit=2");
  });

  it("gives the book as flat levels with no time of its own", async () => {
    const { client } = start(() =>
      Response.json({ lastUpdateId: 9, bids: [["2.5", "1"]], asks: [["3.00000001", "0"]] }),
    );
    const book = await client.depth("BTCUSDT", 5000);
    expect(book).toMatchObject({ kind: "depth_snapshot", update_id: 9, ts_us: 0, received_us: NOW_US });
    expect([...book.bids]).toEqual([250_000_000, 100_000_000]);
    expect([...book.asks]).toEqual([300_000_001, 0]);
    expect(client.load.weight_used).toBe(250);
  });

  it("reads aggregate trades, bars with volumes beyond 2^53, the best prices and the time", async () => {
    const { client } = start((url) => {
      switch (url.pathname) {
        case "/api/v3/aggTrades":
          return Response.json([{ a: 1, p: "2", q: "3", f: 4, l: 5, T: NOW_US, m: true, M: true }]);
        case "/api/v3/klines":
          return Response.json([
            [NOW_US, "1", "2", "0.5", "1.5", "10", NOW_US, "123456789012.12345678", 3, "4", "5", "0"],
          ]);
        case "/api/v3/ticker/bookTicker":
          return Response.json({ symbol: "X", bidPrice: "1", bidQty: "2", askPrice: "3", askQty: "4" });
        default:
          return Response.json({ serverTime: NOW_US });
      }
    });
    expect((await client.aggTrades("X"))[0]).toMatchObject({ first_trade_id: 4, last_trade_id: 5 });
    const [bar] = await client.klines("X", "1s", { limit: 1 });
    expect(bar?.quote_volume_e8).toBe(12_345_678_901_212_345_678n);
    expect(bar?.trade_count).toBe(3);
    expect(await client.bookTicker("X")).toMatchObject({ bid_price_e8: 1e8, ask_qty_e8: 4e8 });
    expect<number>(await client.serverTime()).toBe(NOW_US);
  });

  it("refuses a body with the name of the field that is wrong", async () => {
    const bodies: [unknown, string][] = [
      [[tradeRow(1), { ...tradeRow(2), price: 61837.63 }], "1.price"],
      [[{ ...tradeRow(1), qty: "0.000000001" }], "0.qty"],
      [[{ ...tradeRow(1), time: 1_759_737_766_615 }], "0.time"],
      [[{ ...tradeRow(1), isBuyerMaker: "true" }], "0.isBuyerMaker"],
      [{ rows: [] }, "the body"],
    ];
    for (const [body, field] of bodies) {
      const { client } = start(() => Response.json(body as object));
      const error = await expectCode(client.trades("BTCUSDT", 10), "REST_BODY");
      expect(error.details.field).toBe(field);
    }
    const { client } = start(() =>
      Response.json({
        lastUpdateId: 1,
        bids: [
          ["1", "1"],
          ["x", "1"],
        ],
        asks: [],
      }),
    );
    expect((await expectCode(client.depth("X", 5), "REST_BODY")).details.field).toBe("bids.1");
    const { client: other } = start(() => new Response("<html>"));
    await expectCode(other.serverTime(), "REST_BODY");
  });

  it("passes on the exchange's code and message, and does not ask again", async () => {
    const { client, server } = start(() =>
      Response.json({ code: -1121, msg: "Invalid symbol." }, { status: 400 }),
    );
    const error = await expectCode(client.depth("NOPE", 5), "REST_STATUS");
    expect(error.message).toContain("-1121");
    expect(error.message).toContain("Invalid symbol.");
    expect(server.seen.length).toBe(1);
  });
});

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

  it("says so when nobody answers", async () => {
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

describe("RestClient.tradesBetween", () => {
  /** Trades 100 to 199, served by id, at most `cap` a page. */
  const history =
    (cap: number): Answer =>
    (url) => {
      const from = Math.max(100, Number(url.searchParams.get("fromId")));
      const count = Math.min(cap, Number(url.searchParams.get("limit")), 200 - from);
      return Response.json(Array.from({ length: Math.max(0, count) }, (_, index) => tradeRow(from + index)));
    };

  async function ids(client: RestClient, from: number, to: number, page_rows?: number): Promise<number[]> {
    const all: number[] = [];
    for await (const page of client.tradesBetween("BTCUSDT", tradeId(from), tradeId(to), page_rows)) {
      all.push(...page.map((trade) => trade.trade_id));
    }
    return all;
  }

  const range = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index);

  it("brings exactly the ids asked for, both ends included, over pages of any size", async () => {
    for (const [cap, page_rows] of [
      [1000, 1000],
      [1000, 7],
      [5, 1000],
    ] as const) {
      const { client } = start(history(cap));
      expect(await ids(client, 110, 143, page_rows)).toEqual(range(110, 143));
      expect(await ids(client, 150, 150, page_rows)).toEqual([150]);
    }
  });

  it("drops what a server gives beyond the last id asked for", async () => {
    const { client } = start(() => Response.json([tradeRow(110), tradeRow(111), tradeRow(112)]));
    expect(await ids(client, 110, 111)).toEqual([110, 111]);
  });

  it("ends at the newest trade there is", async () => {
    const { client } = start(history(1000));
    expect(await ids(client, 190, 250)).toEqual(range(190, 199));
  });

  it("refuses a history that silently starts later than asked", async () => {
    const { client } = start(history(1000));
    const error = await expectCode(ids(client, 50, 120), "REST_BODY");
    expect(error.details).toMatchObject({ from_id: 50, first_id: 100 });
  });

  it("refuses ids that run backwards, instead of asking for ever", async () => {
    const { client } = start(() => Response.json([tradeRow(110), tradeRow(109)]));
    await expectCode(ids(client, 110, 120), "REST_BODY");
  });
});
