import { afterEach, describe, expect, it } from "vitest";
import { tradeId } from "../../../src/base/units.ts";
import { closeAll, expectCode, NOW_US, start, tradeRow } from "./rest_server.ts";

afterEach(closeAll);

describe("RestClient: requests and answers", () => {
  it("asks for microseconds, sends the key, and makes exact integers of decimal strings", async () => {
    const { server, client } = start(() => Response.json([tradeRow(7), tradeRow(8)]), { api_key: "k" });
    const trades = await client.historicalTrades("BTCUSDT", tradeId(7), 2);
    expect(trades[0]).toEqual({
      kind: "trade",
      epoch: 0,
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
