/**
 * A check of what was loaded: the exchange's own minute bars beside sums of ours. Count, volume and
 * the takers' buys are exact on both sides, so any difference is a fault of one of them.
 */

import { ForetickError } from "../../../base/errors.ts";
import { micros } from "../../../base/units.ts";
import type { ArchiveClient } from "../../../binance/archive/archive.ts";
import { archiveFiles, daysOf } from "../../../binance/archive/layout.ts";
import { isHeader, klineOfLine } from "../../../binance/archive/rows.ts";
import { linesOfZip } from "../../../binance/archive/zip.ts";
import type { Kline } from "../../../binance/rest/body.ts";
import type { Database } from "../../database.ts";
import { asked } from "../../sql/asked.ts";
import type { Stretch } from "../known_history.ts";
import type { BackfillRest } from "../rest_source.ts";

export interface MinuteSums {
  readonly n: number;
  readonly volume_e8: bigint;
  readonly taker_buy_e8: bigint;
}

export interface MinuteDifference {
  readonly minute_us: number;
  readonly ours: MinuteSums;
  readonly exchange: MinuteSums;
}

export interface KlineCheck {
  readonly minutes: number;
  readonly minutes_differing: number;
  /** The first of them. */
  readonly differences: readonly MinuteDifference[];
  /** Trades and volume over all minutes compared. */
  readonly ours: MinuteSums;
  readonly exchange: MinuteSums;
  /** Starts of the minutes that agree (µs), and of those that do not. */
  readonly agreeing: ReadonlySet<number>;
  readonly differing: ReadonlySet<number>;
}

const DIFFERENCES_SHOWN = 20;
export const MINUTE_US = 60_000_000;
const NOTHING: MinuteSums = { n: 0, volume_e8: 0n, taker_buy_e8: 0n };

/**
 * Compares minute by minute, a page or file of klines at a time. Only minutes the exchange gives are
 * compared.
 *
 * @throws ForetickError STORE_QUERY, STORE_UNREACHABLE, and what `pages` throws.
 */
export async function checkKlines(
  database: Pick<Database, "sql">,
  stretch: Stretch,
  pages: AsyncIterable<readonly Kline[]>,
): Promise<KlineCheck> {
  const check = {
    minutes: 0,
    minutes_differing: 0,
    differences: [] as MinuteDifference[],
    ours: NOTHING,
    exchange: NOTHING,
    agreeing: new Set<number>(),
    differing: new Set<number>(),
  };
  for await (const page of pages) {
    const klines = page.filter(
      ({ open_time_us }) => open_time_us >= stretch.from_us && open_time_us + MINUTE_US <= stretch.to_us,
    );
    if (klines.length === 0) continue;
    const sums = await minuteSums(database, stretch.symbol, klines);
    for (const kline of klines) {
      const ours = sums.get(kline.open_time_us) ?? NOTHING;
      const exchange = sumsOf(kline);
      check.minutes++;
      check.ours = plus(check.ours, ours);
      check.exchange = plus(check.exchange, exchange);
      if (isSame(ours, exchange)) {
        check.agreeing.add(kline.open_time_us);
        continue;
      }
      check.differing.add(kline.open_time_us);
      check.minutes_differing++;
      if (check.differences.length < DIFFERENCES_SHOWN) {
        check.differences.push({ minute_us: kline.open_time_us, ours, exchange });
      }
    }
  }
  return check;
}

/** Minute klines through REST. */
export async function* klinesByRest(
  rest: Pick<BackfillRest, "klines">,
  { symbol, from_us, to_us }: Stretch,
): AsyncGenerator<readonly Kline[]> {
  for (let start_us: number = from_us; start_us < to_us; ) {
    const range = { start_us: micros(start_us), end_us: micros(to_us - 1), limit: 1_000 };
    const page = await rest.klines(symbol, "1m", range);
    const last = page.at(-1);
    if (!last) return;
    yield page;
    start_us = last.open_time_us + MINUTE_US;
  }
}

/** Minute klines from the archive; files that are absent or set aside are left out. */
export async function* klinesOfArchive(
  archive: ArchiveClient,
  { symbol, from_us, to_us }: Stretch,
  keep_files: boolean,
): AsyncGenerator<readonly Kline[]> {
  for (const file of archiveFiles("klines", symbol, from_us, to_us)) {
    const copy = await archive.fetch(file);
    const days = copy.kind === "ready" || file.period === "daily" ? [file] : daysOf(file);
    for (const day of days) {
      const found = day === file ? copy : await archive.fetch(day);
      if (found.kind !== "ready") continue;
      try {
        for await (const lines of linesOfZip(found.path)) {
          yield lines.filter((line) => !isHeader(line)).map(klineOfLine);
        }
        if (!keep_files) await archive.discard(day);
      } catch (error) {
        if (!(error instanceof ForetickError && error.code === "ARCHIVE_CONTENT")) throw error;
        await archive.quarantine(day, error.message);
      }
    }
  }
}

async function minuteSums(
  { sql }: Pick<Database, "sql">,
  symbol: string,
  klines: readonly Kline[],
): Promise<Map<number, MinuteSums>> {
  let [from_us, to_us]: [number, number] = [Number.POSITIVE_INFINITY, 0];
  for (const { open_time_us } of klines) {
    from_us = Math.min(from_us, open_time_us);
    to_us = Math.max(to_us, open_time_us + MINUTE_US);
  }
  const rows = await asked(
    sql<{ minute_us: string; n: string; volume: string; buys: string }[]>`
      select
        us_of(date_trunc('minute', sec, 'UTC')) as minute_us,
        sum(n) as n,
        sum(buy_qty_e8 + sell_qty_e8) as volume,
        sum(buy_qty_e8) as buys
      from bars_1s
      where symbol = ${symbol} and sec >= at_us(${from_us}) and sec < at_us(${to_us})
      group by 1`,
  );
  return new Map(
    rows.map((row) => [
      Number(row.minute_us),
      { n: Number(row.n), volume_e8: BigInt(row.volume), taker_buy_e8: BigInt(row.buys) },
    ]),
  );
}

const sumsOf = (kline: Kline): MinuteSums => ({
  n: kline.trade_count,
  volume_e8: kline.volume_e8,
  taker_buy_e8: kline.taker_buy_volume_e8,
});

const isSame = (a: MinuteSums, b: MinuteSums): boolean =>
  a.n === b.n && a.volume_e8 === b.volume_e8 && a.taker_buy_e8 === b.taker_buy_e8;

const plus = (a: MinuteSums, b: MinuteSums): MinuteSums => ({
  n: a.n + b.n,
  volume_e8: a.volume_e8 + b.volume_e8,
  taker_buy_e8: a.taker_buy_e8 + b.taker_buy_e8,
});
