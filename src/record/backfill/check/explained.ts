/**
 * Missing ids that are the exchange's own: where its klines agree with what is stored in every minute around a gap, no
 * trade is missing. Such ids are written down and asked for no more.
 */

import type { Sql } from "postgres";
import { noteExplained } from "../../repair/absent_trades.ts";
import { asked } from "../../sql/asked.ts";
import type { MissingIds } from "../known_history.ts";
import { type KlineCheck, MINUTE_US } from "./kline_check.ts";

/** A longer gap is missing history, whatever it says (µs). */
const GAP_US_MAX = 86_400_000_000;

/** @returns how many of the gaps are explained. @throws ForetickError STORE_UNREACHABLE, STORE_QUERY. */
export async function explainGaps(
  sql: Sql,
  symbol: string,
  missing: readonly MissingIds[],
  { agreeing }: Pick<KlineCheck, "agreeing">,
  now_us: number,
): Promise<number> {
  const likely = missing.filter((gap) => isExplained(gap, agreeing));
  if (likely.length === 0) return 0;
  const explained = await ofStoredTrades(sql, symbol, likely);
  if (explained.length > 0) await noteExplained(sql, { symbol, epoch: 0 }, explained, now_us);
  return explained.length;
}

/** The gaps around which bars count as many trades as are stored: klines are compared with bars. */
async function ofStoredTrades(sql: Sql, symbol: string, gaps: readonly MissingIds[]): Promise<MissingIds[]> {
  const ends = gaps.map(minutesOf);
  const rows = await asked(
    sql<{ same: boolean }[]>`
      select
        (
          select coalesce(sum(n), 0)
          from bars_1s
          where symbol = ${symbol} and sec >= at_us(from_us) and sec < at_us(to_us)
        ) = (
          select coalesce(sum(trade_id - coalesce(first_trade_id, trade_id) + 1), 0)
          from trades
          where symbol = ${symbol} and ts >= at_us(from_us) and ts < at_us(to_us) and not late and set_aside is null
        ) + (
          select coalesce(sum(n), 0)
          from trade_bars_1s_kept
          where symbol = ${symbol} and sec >= at_us(from_us) and sec < at_us(to_us)
        ) as same
      from unnest(
        ${`{${ends.map(({ from_us }) => from_us).join(",")}}`}::bigint[],
        ${`{${ends.map(({ to_us }) => to_us).join(",")}}`}::bigint[]
      ) with ordinality as gaps(from_us, to_us, place)
      order by place`,
  );
  return gaps.filter((_, index) => rows[index]!.same);
}

/** Both trades around it are known, and all minutes from the one to the other agree. */
function isExplained(gap: MissingIds, agreeing: ReadonlySet<number>): boolean {
  if (gap.before_us === undefined || gap.after_us === undefined) return false;
  const { from_us, to_us } = minutesOf(gap);
  if (to_us - from_us > GAP_US_MAX) return false;
  for (let at_us = from_us; at_us < to_us; at_us += MINUTE_US) if (!agreeing.has(at_us)) return false;
  return true;
}

/** Whole minutes, those of the trades around it included. */
function minutesOf({ before_us = 0, after_us = 0 }: MissingIds) {
  const [first_us, last_us] = [Math.min(before_us, after_us), Math.max(before_us, after_us)];
  return {
    from_us: first_us - (first_us % MINUTE_US),
    to_us: last_us - (last_us % MINUTE_US) + MINUTE_US,
  };
}
