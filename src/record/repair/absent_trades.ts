/** Ids the exchange itself has no trade of: noted when REST answers without them, and not asked for again. */

import type { Sql } from "postgres";
import { LIMITS } from "../../base/limits.ts";
import type { IdRange, MissingIds } from "../backfill/known_history.ts";
import { asked } from "../sql/asked.ts";

export class AbsentTrades {
  readonly #ranges: readonly { readonly from: number; readonly to: number }[];

  private constructor(ranges: readonly { readonly from: number; readonly to: number }[]) {
    this.#ranges = ranges;
  }

  /** Those REST has answered without often enough. */
  static async read(sql: Sql, symbol: string, epoch: number): Promise<AbsentTrades> {
    const rows = await asked(
      sql<{ from_id: string; to_id: string }[]>`
        select from_id, to_id
        from absent_trades
        where symbol = ${symbol} and epoch = ${epoch} and answers >= ${LIMITS.repair_absent_answers}`,
    );
    return new AbsentTrades(rows.map(({ from_id, to_id }) => ({ from: Number(from_id), to: Number(to_id) })));
  }

  /** Ids in all. */
  get ids(): number {
    return this.#ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  }

  /** `missing` without the ranges that are the exchange's own gaps. */
  leaveOut(missing: readonly MissingIds[]): MissingIds[] {
    return missing.filter((gap) => !this.#ranges.some(({ from, to }) => from <= gap.from && gap.to <= to));
  }
}

/** The exchange's own klines agree with what is stored around these ranges: nothing is missing there. */
export async function noteExplained(
  sql: Sql,
  { symbol, epoch }: { readonly symbol: string; readonly epoch: number },
  ranges: readonly IdRange[],
  now_us: number,
): Promise<void> {
  const ends = (side: "from" | "to"): string => `{${ranges.map((range) => range[side]).join(",")}}`;
  await asked(
    sql`
      insert into absent_trades (symbol, epoch, from_id, to_id, answers, asked_at)
      select ${symbol}, ${epoch}, from_id, to_id, ${LIMITS.repair_absent_answers}, at_us(${now_us})
      from unnest(${ends("from")}::bigint[], ${ends("to")}::bigint[]) as ranges(from_id, to_id)
      on conflict (symbol, epoch, from_id, to_id) do update
      set answers = greatest(absent_trades.answers, excluded.answers), asked_at = excluded.asked_at`,
  );
}

/** REST has answered without a range, and with the trades on either side. */
export async function noteAbsent(
  sql: Sql,
  { symbol, epoch }: { readonly symbol: string; readonly epoch: number },
  { from, to }: IdRange,
  now_us: number,
): Promise<void> {
  await asked(
    sql`
      insert into absent_trades (symbol, epoch, from_id, to_id, asked_at)
      values (${symbol}, ${epoch}, ${from}, ${to}, at_us(${now_us}))
      on conflict (symbol, epoch, from_id, to_id) do update
      set answers = absent_trades.answers + 1, asked_at = excluded.asked_at`,
  );
}
