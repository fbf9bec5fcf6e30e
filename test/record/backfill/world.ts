/** A market across a midnight and a month's end, the exchange that serves it, and what is stored of it. */

import { rmSync } from "node:fs";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { seededRng } from "../../../src/base/rng.ts";
import { DAY_US } from "../../../src/base/units.ts";
import { ArchiveClient } from "../../../src/binance/archive/archive.ts";
import { RestClient } from "../../../src/binance/rest/client.ts";
import type { HistoryKind } from "../../../src/binance/trade_run.ts";
import {
  type BackfillOptions,
  type BackfillResult,
  backfill,
} from "../../../src/record/backfill/backfill.ts";
import type { Database } from "../../../src/record/database.ts";
import { PaperExchange } from "../../../src/sim/exchange/exchange.ts";
import type { PaperExchangeOptions } from "../../../src/sim/exchange/options.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { allOf, firstSeconds } from "../../sim/markets.ts";
import { tempDir } from "../server/temp_dir.ts";

export const SYMBOL = "BTCUSDT";
/** 2025-02-28T23:57Z: a month's and a day's end are three minutes away. */
export const START_US = Date.UTC(2025, 1, 28, 23, 57) * 1_000;
export const MIDNIGHT_US = Date.UTC(2025, 2, 1) * 1_000;
const SECONDS = 360;
/** Two whole days, as the archive has them. */
export const DAYS = { symbol: SYMBOL, from_us: MIDNIGHT_US - DAY_US, to_us: MIDNIGHT_US + DAY_US };

const market = () => firstSeconds(simulatedSource({ seed: 5, start_us: START_US, depth: false }), SECONDS);

/** As a table's row: id, first id (or null), time, price, quantity, taker sold. */
export type StoredRow = readonly [number, number | null, number, number, number, boolean];

/** The trades as the streams send them. */
export const STREAMED: readonly StoredRow[] = allOf(market()).flatMap(({ message }) =>
  message.kind !== "trades"
    ? []
    : message.trades.map(
        (trade): StoredRow => [
          Number(trade.id),
          null,
          Number(message.transact_time_us),
          Number(trade.price),
          Number(trade.qty),
          trade.is_buyer_maker,
        ],
      ),
);

/** The exchange after the market has ended, all of it in its past. */
export async function exchangeAfter(
  options: Partial<PaperExchangeOptions> = {},
): Promise<{ exchange: PaperExchange; origin: string }> {
  const exchange = new PaperExchange({
    source: market(),
    speed: 1,
    history_s: SECONDS + 60,
    start_on: "play",
    limits: { weight_per_minute: 1_000_000 },
    archive: { open_days: true },
    ...options,
  });
  const { rest_origin } = await exchange.start();
  return { exchange, origin: rest_origin };
}

const SHARED = { clock: systemClock, rng: seededRng(1), log: silentLogger };
const QUICK = { first_ms: 5, cap_ms: 20 };

export class Backfiller {
  readonly archive: ArchiveClient;
  readonly rest: RestClient;
  readonly #cache_dir = tempDir();

  constructor(origin: string) {
    this.archive = new ArchiveClient({ ...SHARED, origin, cache_dir: this.#cache_dir, backoff: QUICK });
    this.rest = new RestClient({ ...SHARED, origin, backoff: QUICK });
  }

  get cache_dir(): string {
    return this.#cache_dir;
  }

  byArchive(
    database: Database,
    kind: HistoryKind = "trades",
    more: Partial<BackfillOptions> = {},
  ): Promise<BackfillResult> {
    return backfill({
      ...SHARED,
      ...{ database, kind, stretch: DAYS, batch_rows: 1_000, rest: this.rest, backoff: QUICK },
      archive: { archive: this.archive, keep_files: false },
      ...more,
    });
  }

  byRest(
    database: Database,
    kind: HistoryKind = "trades",
    more: Partial<BackfillOptions> = {},
  ): Promise<BackfillResult> {
    return backfill({ ...SHARED, database, kind, stretch: DAYS, rest: this.rest, backoff: QUICK, ...more });
  }

  async close(): Promise<void> {
    await this.archive.close();
    await this.rest.close();
    rmSync(this.#cache_dir, { recursive: true, force: true });
  }
}

/** Everything in `trades`, by id. */
export async function storedRows({ sql }: Database): Promise<StoredRow[]> {
  type Row = Record<"id" | "us" | "price" | "qty", string> & { first: string | null; sold: boolean };
  const rows = await sql<Row[]>`
    select
      trade_id as id, first_trade_id as first, us_of(ts) as us,
      price_e8 as price, qty_e8 as qty, is_buyer_maker as sold
    from trades
    where symbol = ${SYMBOL}
    order by trade_id, ts`;
  return rows.map((row) => [
    Number(row.id),
    row.first === null ? null : Number(row.first),
    Number(row.us),
    Number(row.price),
    Number(row.qty),
    row.sold,
  ]);
}

/** What the bars of all seconds come to: everything but the sizes of single trades. */
export async function barSums({ sql }: Database): Promise<string> {
  const rows = await sql`
    select
      symbol, us_of(sec) as sec, n, n_buy, open_e8, high_e8, low_e8, close_e8,
      first_trade_id, last_trade_id, last_trade_ts_us, buy_qty_e8, sell_qty_e8, notional_e16
    from bars_1s
    order by sec`;
  return JSON.stringify(rows);
}
