/** Rows that are not believed: kept with their reason, replaced by the believed one, never the reverse. */

import { expect, it } from "vitest";
import { systemClock as clock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { micros, priceE8 } from "../../../src/base/units.ts";
import type { QuoteEvent, TradeEvent } from "../../../src/binance/events.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import { disconnectAt, quoteAt, START_US, SYMBOL, tradeAt } from "../market_events.ts";
import { onEveryServer } from "../server/servers.ts";
import { writerWorld } from "./writer_world.ts";

onEveryServer("writer", (server) => {
  const world = writerWorld(server);
  const { writerTo, storedTrades } = world;

  it("keeps what is not believed with its reason, its epoch, and a break's interval, stream by stream", async () => {
    const writer = writerTo(world.database.url);
    writer.trade({ ...tradeAt(0), epoch: 2 }, false, "id_ahead");
    writer.quote(quoteAt(0), false, "crossed");
    const cut = { ...disconnectAt(0), noticed_us: micros(START_US + 5_000_000) };
    writer.disconnect({ ...cut, stream: "quote" });
    writer.disconnect({ ...cut, stream: "trade" });
    await writer.flush();
    writer.disconnect({ ...cut, stream: "quote", until_us: micros(START_US + 9_000_000) });
    writer.disconnect({ ...cut, stream: "quote", until_us: micros(START_US + 10_000_000) });
    await writer.flush();
    expect([...(await world.database.sql`select epoch, set_aside from trades`)]).toEqual([
      { epoch: 2, set_aside: "id_ahead" },
    ]);
    expect([...(await world.database.sql`select epoch, set_aside from quotes`)]).toEqual([
      { epoch: 0, set_aside: "crossed" },
    ]);
    const breaks = await world.database.sql`
      select stream, us_of(until) - ${START_US}::bigint as until_us, us_of(noticed) - ${START_US}::bigint as noticed_us
      from disconnects
      order by stream`;
    expect([...breaks]).toEqual([
      { stream: "quote", until_us: "9000000", noticed_us: "5000000" },
      { stream: "trade", until_us: null, noticed_us: "5000000" },
    ]);
  });

  it("replaces a row that was set aside by the believed one of its key, also within one batch, and never the reverse", async () => {
    const writer = writerTo(world.database.url);
    const wrongTrade = (i: number) =>
      ({ ...tradeAt(i), price_e8: 7 * tradeAt(i).price_e8, epoch: 3 }) as TradeEvent;
    const wrongQuote = (i: number) => ({ ...quoteAt(i), bid_price_e8: 0 }) as QuoteEvent;
    writer.trade(wrongTrade(0), false, "price_band");
    writer.trade(wrongTrade(1), false, "price_band");
    writer.trade(tradeAt(1), false);
    writer.trade(tradeAt(2), false);
    writer.quote(wrongQuote(0), false, "non_positive");
    writer.quote(quoteAt(1), false);
    await writer.flush();
    const bars = new Refresher({ database: world.database, clock, log });
    const span = { from_us: micros(START_US - 60_000_000), to_us: micros(START_US + 60_000_000) };
    await bars.through(span);
    writer.trade(tradeAt(0), true);
    writer.trade(wrongTrade(2), false, "price_band");
    writer.quote(quoteAt(0), false);
    writer.quote(wrongQuote(1), false, "non_positive");
    await writer.flush();
    writer.trade(wrongTrade(0), false, "price_band");
    writer.trade({ ...tradeAt(1), price_e8: priceE8(1) }, false);
    await writer.flush();
    const trades = await world.database
      .sql`select set_aside, late, epoch, price_e8 from trades order by trade_id`;
    expect(trades.map((row) => [row.set_aside, row.late, row.epoch, Number(row.price_e8)])).toEqual(
      [0, 1, 2].map((i) => [null, i === 0, 0, tradeAt(i).price_e8]),
    );
    const quotes = await world.database.sql`select set_aside, bid_price_e8 from quotes order by update_id`;
    expect(quotes.map((row) => [row.set_aside, Number(row.bid_price_e8)])).toEqual(
      [0, 1].map((i) => [null, quoteAt(i).bid_price_e8]),
    );
    await bars.through(span);
    await bars.close();
    const [heard] = await world.database.sql`select sum(n) as n from bars_1s where symbol = ${SYMBOL}`;
    const [told] = await world.database
      .sql`select sum(n_quotes) as n from quotes_1s where symbol = ${SYMBOL}`;
    // A late trade is in no bar.
    expect([Number(heard!.n), Number(told!.n)]).toEqual([2, 2]);
  });

  it("keeps a trade that was set aside whatever its price and size, and refuses none that is believed but such", async () => {
    const writer = writerTo(world.database.url);
    const wrong = { ...tradeAt(0), price_e8: 0, qty_e8: -5 } as unknown as TradeEvent;
    writer.trade(wrong, false, "non_positive");
    writer.trade({ ...tradeAt(1), price_e8: priceE8(0) }, false);
    writer.trade(tradeAt(2), false);
    await writer.flush();
    const rows = await world.database
      .sql`select trade_id, price_e8, qty_e8, set_aside from trades order by trade_id`;
    expect(rows.map((row) => [row.price_e8, row.qty_e8, row.set_aside].map(String))).toEqual([
      ["0", "-5", "non_positive"],
      [String(tradeAt(2).price_e8), String(tradeAt(2).qty_e8), "null"],
    ]);
    expect(writer.stats.rows_rejected).toBe(1);
    writer.trade(tradeAt(0), false);
    await writer.flush();
    expect(await storedTrades()).toMatchObject({ count: 2, from: tradeAt(0).trade_id });
  });
});
