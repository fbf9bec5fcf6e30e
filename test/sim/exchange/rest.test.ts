import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { formatE8 } from "../../../src/base/units.ts";
import type { PaperExchange } from "../../../src/sim/exchange/exchange.ts";
import { START_US } from "../markets.ts";
import { exchangeAt, HISTORY_S, type Trade, tradesBefore } from "./rest_client.ts";

describe("the paper exchange's REST", () => {
  let exchange: PaperExchange;
  let get: Awaited<ReturnType<typeof exchangeAt>>["get"];
  let origin: string;
  const trades = tradesBefore(HISTORY_S);

  beforeAll(async () => {
    ({ exchange, get, origin } = await exchangeAt(new ManualClock(START_US)));
  });
  afterAll(() => exchange.close());

  it("writes a trade with Binance's fields, in their order, with eight decimals", async () => {
    const last = trades[trades.length - 1]!;
    const { text } = await get("trades?symbol=BTCUSDT&limit=1", { "X-MBX-TIME-UNIT": "MICROSECOND" });
    const quote = formatE8(Number((BigInt(last.price) * BigInt(last.qty)) / 100_000_000n));
    expect(text).toBe(
      `[{"id":${last.id},"price":"${formatE8(last.price)}","qty":"${formatE8(last.qty)}","quoteQty":"${quote}",` +
        `"time":${last.time_us},"isBuyerMaker":${last.is_buyer_maker},"isBestMatch":true}]`,
    );
  });

  it("gives times in milliseconds unless microseconds are asked for, in either case", async () => {
    const { body } = await get("time");
    expect(body).toEqual({ serverTime: Math.floor(exchange.market_us / 1_000) });
    for (const unit of ["MICROSECOND", "microsecond"]) {
      expect((await get("time", { "X-MBX-TIME-UNIT": unit })).body).toEqual({
        serverTime: exchange.market_us,
      });
    }
    const wrong = await get("time", { "X-MBX-TIME-UNIT": "NANOSECOND" });
    expect(wrong.status).toBe(400);
    expect(wrong.body.code).toBe(-1194);
  });

  it("pages through historicalTrades by id without losing or repeating one", async () => {
    const ids: number[] = [];
    for (let from = trades[0]!.id; ; ) {
      const { body } = await get(`historicalTrades?symbol=BTCUSDT&fromId=${from}&limit=1000`);
      if (body.length === 0) break;
      ids.push(...body.map((trade: { id: number }) => trade.id));
      from = ids[ids.length - 1]! + 1;
    }
    expect(ids).toEqual(trades.map(({ id }) => id));
    const recent = await get("historicalTrades?symbol=BTCUSDT&limit=7");
    expect(recent.body.map((trade: { id: number }) => trade.id)).toEqual(ids.slice(-7));
  });

  it("aggregates every trade once, by time, price and side", async () => {
    let next_trade_id = trades[0]!.id;
    let next_id = 1;
    for (;;) {
      const { body } = await get(`aggTrades?symbol=BTCUSDT&fromId=${next_id}&limit=1000`, {
        "X-MBX-TIME-UNIT": "MICROSECOND",
      });
      if (body.length === 0) break;
      for (const row of body) {
        expect(Object.keys(row).join("")).toBe("apqflTmM");
        expect(row.a).toBe(next_id++);
        expect(row.f).toBe(next_trade_id);
        const parts = trades.filter(({ id }) => id >= row.f && id <= row.l);
        expect(row.q).toBe(formatE8(parts.reduce((sum, { qty }) => sum + qty, 0)));
        for (const part of parts) {
          expect([formatE8(part.price), part.time_us, part.is_buyer_maker]).toEqual([row.p, row.T, row.m]);
        }
        next_trade_id = row.l + 1;
      }
    }
    expect(next_trade_id).toBeGreaterThan(trades[trades.length - 1]!.id - 20);
  });

  it("answers aggTrades between times with both bounds included, the oldest first", async () => {
    const start_ms = Math.floor(trades[40]!.time_us / 1_000);
    const end_ms = Math.floor(trades[400]!.time_us / 1_000);
    const { body } = await get(`aggTrades?symbol=BTCUSDT&startTime=${start_ms}&endTime=${end_ms}&limit=1000`);
    const inside = trades.filter(
      ({ time_us }) => time_us >= start_ms * 1_000 && time_us < (end_ms + 1) * 1_000,
    );
    expect(body[0].f).toBe(inside[0]!.id);
    expect(body[body.length - 1].l).toBe(inside[inside.length - 1]!.id);
    const until = await get(`aggTrades?symbol=BTCUSDT&endTime=${end_ms}&limit=3`);
    expect(until.body).toEqual(body.slice(-3));
    const from = await get(`aggTrades?symbol=BTCUSDT&startTime=${start_ms}&limit=3`);
    expect(from.body).toEqual(body.slice(0, 3));
  });

  it.each([
    ["1s", 1],
    ["1m", 60],
  ])("makes %s klines of the trades, one for every stretch of time", async (interval, seconds) => {
    const { body } = await get(`klines?symbol=BTCUSDT&interval=${interval}&limit=1000`, {
      "X-MBX-TIME-UNIT": "MICROSECOND",
    });
    const length_us = seconds * 1e6;
    const first_open_us = Math.floor(trades[0]!.time_us / length_us) * length_us;
    const last_open_us = Math.floor(exchange.market_us / length_us) * length_us;
    expect(body.length).toBe((last_open_us - first_open_us) / length_us + 1);
    let close = 0;
    body.forEach((row: (string | number)[], i: number) => {
      const open_us = first_open_us + i * length_us;
      const inside = trades.filter(({ time_us }) => time_us >= open_us && time_us < open_us + length_us);
      const prices = inside.length > 0 ? inside.map(({ price }) => price) : [close];
      const bought = inside.filter(({ is_buyer_maker }) => !is_buyer_maker);
      close = prices[prices.length - 1]!;
      expect(row).toEqual([
        open_us,
        formatE8(prices[0]!),
        formatE8(Math.max(...prices)),
        formatE8(Math.min(...prices)),
        formatE8(close),
        formatE8(volume(inside)),
        open_us + length_us - 1,
        turnover(inside),
        inside.length,
        formatE8(volume(bought)),
        turnover(bought),
        "0",
      ]);
    });
  });

  it("answers klines by opening time: from a start the oldest, to an end the most recent", async () => {
    const all = (await get("klines?symbol=BTCUSDT&interval=1s&limit=1000")).body;
    const opens = (rows: (string | number)[][]) => rows.map(([open]) => open);
    const [a, b] = [all[10][0] + 1, all[50][0]];
    const from = await get(`klines?symbol=BTCUSDT&interval=1s&startTime=${a}&limit=5`);
    expect(opens(from.body)).toEqual(opens(all.slice(11, 16)));
    const to = await get(`klines?symbol=BTCUSDT&interval=1s&endTime=${b}&limit=5`);
    expect(opens(to.body)).toEqual(opens(all.slice(46, 51)));
    const both = await get(`klines?symbol=BTCUSDT&interval=1s&startTime=${a}&endTime=${b}`);
    expect(opens(both.body)).toEqual(opens(all.slice(11, 51)));
    const weekly = await get("klines?symbol=BTCUSDT&interval=1w");
    expect(weekly.body).toHaveLength(1);
    expect(new Date(weekly.body[0][0]).getUTCDay()).toBe(1);
  });

  it("sums the day up in the 24-hour ticker, and agrees with itself elsewhere", async () => {
    const { body, text } = await get("ticker/24hr?symbol=BTCUSDT");
    const [first, last] = [trades[0]!, trades[trades.length - 1]!];
    const prices = trades.map(({ price }) => price);
    expect(body).toMatchObject({
      symbol: "BTCUSDT",
      priceChange: formatE8(last.price - first.price),
      lastPrice: formatE8(last.price),
      lastQty: formatE8(last.qty),
      openPrice: formatE8(first.price),
      highPrice: formatE8(Math.max(...prices)),
      lowPrice: formatE8(Math.min(...prices)),
      volume: formatE8(volume(trades)),
      quoteVolume: turnover(trades),
      firstId: first.id,
      lastId: last.id,
      count: trades.length,
    });
    expect(Object.keys(body).slice(0, 7).join(" ")).toBe(
      "symbol priceChange priceChangePercent weightedAvgPrice prevClosePrice lastPrice lastQty",
    );
    expect(text).toContain(`"closeTime":${body.openTime + 86_400_000}`);
    expect((await get("ticker/price?symbol=BTCUSDT")).body.price).toBe(body.lastPrice);
    const book = (await get("ticker/bookTicker?symbols=%5B%22BTCUSDT%22%5D")).body;
    expect(book).toEqual([
      {
        symbol: "BTCUSDT",
        bidPrice: body.bidPrice,
        bidQty: body.bidQty,
        askPrice: body.askPrice,
        askQty: body.askQty,
      },
    ]);
    const mini = (await get("ticker/24hr?symbol=BTCUSDT&type=MINI")).body;
    expect(mini).not.toHaveProperty("bidPrice");
  });

  it("describes the symbol and its limits in exchangeInfo", async () => {
    const { body } = await get("exchangeInfo?symbol=BTCUSDT");
    expect(body.symbols[0]).toMatchObject({ symbol: "BTCUSDT", baseAsset: "BTC", quoteAsset: "USDT" });
    expect(body.rateLimits[0]).toMatchObject({ rateLimitType: "REQUEST_WEIGHT", interval: "MINUTE" });
    const filters = body.symbols[0].filters.map((filter: { filterType: string }) => filter.filterType);
    expect(filters).toContain("PRICE_FILTER");
    expect(filters).toContain("LOT_SIZE");
  });

  it.each([
    ["depth", -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."],
    ["depth?symbol=", -1105, "Parameter 'symbol' was empty."],
    ["depth?symbol=NOSUCH", -1121, "Invalid symbol."],
    [
      "depth?symbol=btcusdt",
      -1100,
      "Illegal characters found in parameter 'symbol'; legal range is '^[A-Z0-9-_.]{1,20}$'.",
    ],
    [
      "trades?symbol=BTCUSDT&limit=ten",
      -1100,
      "Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'.",
    ],
    ["trades?symbol=BTCUSDT&limit=0", -1130, "Data sent for parameter 'limit' is not valid."],
    ["trades?symbol=BTCUSDT&a=1&b=2", -1101, "Too many parameters; expected '2' and received '3'."],
    [
      "trades?symbol=BTCUSDT&a=1",
      -1104,
      "Not all sent parameters were read; read '1' parameter(s) but was sent '2'.",
    ],
    ["trades?symbol=BTCUSDT&symbol=BTCUSDT", -1101, "Duplicate values for a parameter detected."],
    ["historicalTrades?symbol=BTCUSDT&fromId=99999999999999999999", -1108, "Parameter 'fromId' overflowed."],
    [
      "klines?symbol=BTCUSDT",
      -1102,
      "Mandatory parameter 'interval' was not sent, was empty/null, or malformed.",
    ],
    ["klines?symbol=BTCUSDT&interval=7m", -1120, "Invalid interval."],
    ["klines?symbol=BTCUSDT&interval=toString", -1120, "Invalid interval."],
    [
      "klines?symbol=BTCUSDT&interval=1d&timeZone=15",
      -1130,
      "Data sent for parameter 'timeZone' is not valid.",
    ],
    ["aggTrades?symbol=BTCUSDT&fromId=1&startTime=1", -1128, "Combination of optional parameters invalid."],
    ["ticker/24hr?symbol=BTCUSDT&type=TINY", -1139, "Invalid ticker type."],
    ["ticker/price?symbol=BTCUSDT&symbolStatus=GONE", -1122, "Invalid symbolStatus."],
    [
      "depth?symbol=BTCUSDT&symbolStatus=HALT",
      -1220,
      "The symbol's status does not match the requested symbolStatus.",
    ],
    [
      "ticker/price?symbols=%5B%22BTCUSDT%22,%22BTCUSDT%22%5D",
      -1151,
      "Symbol is present multiple times in the list.",
    ],
  ])("refuses %s with Binance's code and words", async (path, code, msg) => {
    const { status, body } = await get(path);
    expect(status).toBe(400);
    expect(body).toEqual({ code, msg });
  });

  it("has no other path and no other method", async () => {
    expect((await get("constructor")).status).toBe(404);
    expect((await get("order?symbol=BTCUSDT")).status).toBe(404);
    const posted = await fetch(`${origin}/api/v3/ping`, { method: "POST" });
    expect(posted.status).toBe(405);
  });
});

function volume(trades: readonly Trade[]): number {
  return trades.reduce((sum, { qty }) => sum + qty, 0);
}

/** Σ price × quantity, cut off after eight places. */
function turnover(trades: readonly Trade[]): string {
  const e16 = trades.reduce((sum, { price, qty }) => sum + BigInt(price) * BigInt(qty), 0n);
  return formatE8(Number(e16 / 100_000_000n));
}
