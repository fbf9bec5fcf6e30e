/**
 * Bars as tables. Triggers note in `dirty_ranges` which buckets a statement touched, from any writer; a
 * refresh takes notes and recomputes what they name, in one transaction, so that a note is gone exactly when
 * its bars are right. Notes of rows that come meanwhile stay for the next time.
 */

import type { Sql } from "postgres";
import { US_PER_SEC } from "../../base/units.ts";
import { textsLiteral } from "../sql/array_literal.ts";
import { textFromMicros } from "../sql/time_text.ts";
import { inTransaction } from "../sql/transaction.ts";
import type { BarKeeper } from "./bar_keeper.ts";
import {
  cut,
  joined,
  REFRESH_LOCK_KEY,
  type Span,
  type Stretch,
  type SumTable,
  timeOf,
  upsertOf,
  wholeBuckets,
} from "./bars.ts";

/** A stretch recomputed in one transaction. */
const STRETCH_US = 3_600 * US_PER_SEC;
/** Dirty spans this close are recomputed as one: a statement costs more than some clean seconds. */
const GAP_US = 60 * US_PER_SEC;

/** An hour of rows is sorted in memory. */
const SORT_MEMORY = "32MB";

const TAKE = `
  with taken as (
    delete from dirty_ranges
    where bars = $1 and symbol = $2 and span && tstzrange($3, $4)
    returning span
  ),
  kept as (
    insert into dirty_ranges (bars, symbol, span)
    select $1, $2, outside
    from (select unnest(range_agg(span) - tstzmultirange(tstzrange($3, $4))) as outside from taken) as parts
  )
  select us_of(lower(inside)) as from_us, us_of(upper(inside)) as to_us
  from (select unnest(range_agg(span) * tstzmultirange(tstzrange($3, $4))) as inside from taken) as parts
  order by 1`;

const PENDING = `
  select bars, symbol, us_of(lower(part)) as from_us, us_of(upper(part)) as to_us
  from (
    select bars, symbol, unnest(range_agg(span) * tstzmultirange(tstzrange($1, $2))) as part
    from dirty_ranges
    where bars = any($3::text[])
    group by bars, symbol
  ) as parts`;

interface Note {
  readonly bars: string;
  readonly symbol: string;
  readonly from_us: string;
  readonly to_us: string;
}

export class TableKeeper<Table extends SumTable> implements BarKeeper<Table> {
  readonly description = "tables, recomputed where rows came";
  readonly overtakes = false;
  readonly #tables: readonly Table[];
  readonly #upserts: ReadonlyMap<Table, string>;

  /** @param tables what is kept, the widest buckets last. */
  constructor(tables: readonly Table[]) {
    this.#tables = tables;
    this.#upserts = new Map(tables.map((bars) => [bars, upsertOf(bars)]));
  }

  /** The newest second stays noted while it is open, so the notes alone give it. */
  async newestSecond(sql: Sql): Promise<number | undefined> {
    const [row] = await sql<{ end_us: string | null }[]>`
      select us_of(max(upper(span))) as end_us
      from dirty_ranges
      where bars in ('trade_bars_1s', 'quote_bars_1s')`;
    return row!.end_us === null ? undefined : Number(row!.end_us) - US_PER_SEC;
  }

  async stale(sql: Sql, span: Span, open: boolean): Promise<Stretch<Table>[]> {
    const whole = wholeBuckets(span, this.#tables.at(-1)!.bucket_us, true);
    const names = this.#tables.map(({ name }) => name);
    const notes = await sql.unsafe<Note[]>(PENDING, [
      ...limitsOf(whole),
      textsLiteral(names, 0, names.length),
    ]);
    const stretches = new Map<string, Stretch<Table>>();
    for (const { bars: name, symbol, from_us, to_us } of notes) {
      const bars = this.#tables.find((table) => table.name === name)!;
      const wanted = wholeBuckets(span, bars.bucket_us, open);
      const dirty = {
        from_us: Math.max(Number(from_us), wanted.from_us),
        to_us: Math.min(Number(to_us), wanted.to_us),
      };
      for (const part of cut(dirty, STRETCH_US)) {
        const start_us = Math.floor(part.from_us / STRETCH_US) * STRETCH_US;
        const key = `${name} ${symbol} ${start_us}`;
        const known = stretches.get(key) ?? part;
        stretches.set(key, {
          bars,
          symbol,
          from_us: Math.min(known.from_us, part.from_us),
          to_us: Math.max(known.to_us, part.to_us),
        });
      }
    }
    return [...stretches.values()].sort((a, b) => b.to_us - a.to_us);
  }

  async force(sql: Sql, stretch: Stretch<Table>): Promise<void> {
    const { bars, symbol } = stretch;
    const [from, to] = limitsOf(stretch);
    const bucket = sql(bars.columns[1]!);
    const symbols =
      symbol === undefined
        ? await sql<{ symbol: string }[]>`
          select distinct symbol from ${sql(bars.source)} where ts >= ${from} and ts < ${to}
          union
          select distinct symbol from ${sql(bars.name)} where ${bucket} >= ${from} and ${bucket} < ${to}`
        : [{ symbol }];
    for (const each of symbols) {
      // A bar whose rows are gone has nothing that would overwrite it.
      await sql`
        delete from ${sql(bars.name)}
        where symbol = ${each.symbol} and ${bucket} >= ${from} and ${bucket} < ${to}`;
      await sql`
        insert into dirty_ranges (bars, symbol, span)
        values (${bars.name}, ${each.symbol}, tstzrange(${from}, ${to}))`;
      await this.refresh(sql, { ...stretch, symbol: each.symbol });
    }
  }

  async refresh(sql: Sql, stretch: Stretch<Table>): Promise<void> {
    const { bars, symbol } = stretch;
    await inTransaction(sql, async (transaction) => {
      // Two at once, and the one that saw fewer rows could have the last word.
      await transaction`
        select pg_advisory_xact_lock(${REFRESH_LOCK_KEY}), set_config('work_mem', ${SORT_MEMORY}, true)`;
      const taken = await transaction.unsafe<Note[]>(TAKE, [bars.name, symbol!, ...limitsOf(stretch)]);
      const spans = taken.map(({ from_us, to_us }) => ({ from_us: Number(from_us), to_us: Number(to_us) }));
      for (const span of joined(spans, GAP_US)) {
        // What a key of several models held may be gone: an outcome was taken back.
        if (bars.key_columns !== undefined) {
          const [from, to] = limitsOf(span);
          const bucket = transaction(bars.columns[1]!);
          await transaction`
            delete from ${transaction(bars.name)}
            where symbol = ${symbol!} and ${bucket} >= ${from} and ${bucket} < ${to}`;
        }
        await transaction.unsafe(this.#upserts.get(bars)!, [symbol!, ...limitsOf(span)]);
      }
    });
  }
}

const limitsOf = ({ from_us, to_us }: Span): [string, string] => [
  textFromMicros(timeOf(from_us)),
  textFromMicros(timeOf(to_us)),
];
