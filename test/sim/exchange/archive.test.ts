/** The paper exchange's archive: the layout of data.binance.vision, telling the story its streams told. */

import { createHash } from "node:crypto";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatE8 } from "../../../src/base/units.ts";
import type { ArchiveStyle } from "../../../src/sim/exchange/archive.ts";
import { PaperExchange } from "../../../src/sim/exchange/exchange.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { allOf, firstSeconds } from "../markets.ts";

/** 2025-02-28T23:59:30Z, for a minute: half of it is March. */
const START_US = Date.UTC(2025, 1, 28, 23, 59, 30) * 1_000;
const MIDNIGHT_US = Date.UTC(2025, 2, 1) * 1_000;
const SECONDS = 60;
const source = () => firstSeconds(simulatedSource({ seed: 9, start_us: START_US, depth: false }), SECONDS);

async function exchangeWith(archive: ArchiveStyle) {
  const exchange = new PaperExchange({
    source: source(),
    ...{ speed: 1, history_s: SECONDS + 5, start_on: "play", archive },
  });
  const { rest_origin } = await exchange.start();
  const get = (path: string) => fetch(`${rest_origin}/data/spot/${path}`);
  const csv = async (path: string): Promise<string[]> => {
    const entries = Object.entries(unzipSync(new Uint8Array(await (await get(path)).arrayBuffer())));
    expect(entries.map(([name]) => name)).toEqual([path.split("/").at(-1)!.replace(".zip", ".csv")]);
    return new TextDecoder().decode(entries[0]![1]).trimEnd().split("\n");
  };
  return { exchange, get, csv };
}

const DAILY = "daily/trades/BTCUSDT/BTCUSDT-trades-2025-02-28.zip";

describe("the paper exchange's archive", () => {
  let exchange: PaperExchange;
  let get: (path: string) => Promise<Response>;
  let csv: (path: string) => Promise<string[]>;

  beforeAll(async () => {
    ({ exchange, get, csv } = await exchangeWith({}));
  });
  afterAll(() => exchange.close());

  it("writes a day's trades with Binance's columns, in their order, all of them and no other", async () => {
    const streamed = allOf(source()).flatMap(({ message }) =>
      message.kind !== "trades" || Number(message.transact_time_us) >= MIDNIGHT_US
        ? []
        : message.trades.map(({ id, price, qty, is_buyer_maker }) => {
            const quote = (BigInt(price) * BigInt(qty)) / 100_000_000n;
            const numbers = [Number(price), Number(qty), Number(quote)].map(formatE8).join(",");
            const sold = is_buyer_maker ? "True" : "False";
            return `${id},${numbers},${message.transact_time_us},${sold},True`;
          }),
    );
    expect(streamed.length).toBeGreaterThan(100);
    expect(await csv(DAILY)).toEqual(streamed);
    expect(await csv("monthly/trades/BTCUSDT/BTCUSDT-trades-2025-02.zip")).toEqual(streamed);
  });

  it("publishes beside each file its sha256 and name, as sha256sum writes them", async () => {
    const digest = createHash("sha256")
      .update(new Uint8Array(await (await get(DAILY)).arrayBuffer()))
      .digest("hex");
    expect(await (await get(`${DAILY}.CHECKSUM`)).text()).toBe(`${digest}  BTCUSDT-trades-2025-02-28.zip\n`);
  });

  it("gives in aggregates and klines the same ids, counts and volumes as in trades", async () => {
    const trades = (await csv(DAILY)).map((line) => line.split(","));
    const aggregates = (await csv("daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2025-02-28.zip")).map((line) =>
      line.split(","),
    );
    let next = Number(trades[0]![0]);
    for (const [, price, qty, first, last, time, sold] of aggregates) {
      expect(Number(first)).toBe(next);
      const parts = trades.filter(([id]) => Number(id) >= Number(first) && Number(id) <= Number(last));
      expect(parts.every((part) => part[1] === price && part[4] === time && part[5] === sold)).toBe(true);
      expect(parts.reduce((sum, part) => sum + Math.round(Number(part[2]) * 1e8), 0)).toBe(
        Math.round(Number(qty) * 1e8),
      );
      next = Number(last) + 1;
    }
    expect(next).toBe(Number(trades.at(-1)![0]) + 1);
    const klines = (await csv("daily/klines/BTCUSDT/1m/BTCUSDT-1m-2025-02-28.zip")).map((line) =>
      line.split(","),
    );
    expect(klines.map((cells) => cells.length)).toEqual([12]);
    expect(klines.map(([open, , , , , , , , n]) => [Number(open), Number(n)])).toEqual([
      [MIDNIGHT_US - 60_000_000, trades.length],
    ]);
  });

  it("publishes no day that is not over, no unknown symbol and no made-up path", async () => {
    for (const path of [
      DAILY.replace("02-28", "03-01"),
      DAILY.replace("02-28", "02-27"),
      DAILY.replaceAll("BTCUSDT", "ETHUSDT"),
      DAILY.replace("daily", "hourly"),
      DAILY.replace("2025-02-28", "2025-02"),
      "daily/trades/BTCUSDT/",
    ]) {
      expect((await get(path)).status, path).toBe(404);
      expect((await get(`${path}.CHECKSUM`)).status, path).toBe(404);
    }
  });

  it("writes a header, milliseconds and the day under way on request", async () => {
    const styled = await exchangeWith({ header: true, time_unit: "ms", open_days: true });
    const lines = await styled.csv(DAILY.replace("02-28", "03-01"));
    expect(lines[0]).toBe("id,price,qty,quote_qty,time,is_buyer_maker,is_best_match");
    const times = lines.slice(1).map((line) => Number(line.split(",")[4]));
    expect(times.every((time) => time >= MIDNIGHT_US / 1_000 && time < MIDNIGHT_US / 1_000 + 31_000)).toBe(
      true,
    );
    expect(times.length).toBeGreaterThan(100);
    await styled.exchange.close();
  });
});
