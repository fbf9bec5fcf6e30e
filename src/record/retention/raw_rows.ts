/**
 * Trades and quotes by age: what there is, and how the oldest are deleted. Six hours go at a time: a chunk
 * where there are chunks, and as much of a plain table.
 */

import type { Sql } from "postgres";
import { type Clock, sleep } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import { US_PER_SEC } from "../../base/units.ts";
import { type Span, timeOf } from "../bars/bars.ts";
import type { Capability } from "../server/capability.ts";
import { textFromMicros } from "../sql/time_text.ts";

const CELL_US = 6 * 3_600 * US_PER_SEC;
const SOURCES = ["trades", "quotes"] as const;
/** Between two batches, so that deleting never keeps the disk from the writer. */
const PAUSE_MS = 20;

export interface RawRows {
  /** From the start of the oldest cell that holds rows to the newest row or chunk; undefined where there is none. */
  extent(sql: Sql): Promise<Span | undefined>;
  /** The cell that begins at `from_us`. */
  cell(sql: Sql, from_us: number): Promise<Span>;
  /** Deletes what is older than `cell`'s end. */
  drop(sql: Sql, cell: Span): Promise<void>;
}

export function rawRowsOf(capability: Capability, clock: Clock): RawRows {
  return capability === "postgres" ? new PlainRows(clock) : chunks;
}

const chunks: RawRows = {
  async extent(sql) {
    const [row] = await sql<{ from_us: string | null; to_us: string | null }[]>`
      select us_of(min(range_start)) as from_us, us_of(max(range_end)) as to_us
      from timescaledb_information.chunks
      where hypertable_schema = current_schema()
        and hypertable_name in ('trades', 'quotes')`;
    if (row!.from_us === null) return undefined;
    return { from_us: Number(row!.from_us), to_us: Number(row!.to_us) };
  },
  async cell(sql, from_us) {
    const [row] = await sql<{ to_us: string }[]>`
      select us_of(min(range_end)) as to_us
      from timescaledb_information.chunks
      where hypertable_schema = current_schema()
        and hypertable_name in ('trades', 'quotes')
        and range_start >= at_us(${from_us})`;
    return { from_us, to_us: Number(row!.to_us) };
  },
  async drop(sql, { to_us }) {
    for (const source of SOURCES) {
      await sql`select drop_chunks(${source}, older_than => at_us(${to_us}))`;
    }
  },
};

class PlainRows implements RawRows {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async extent(sql: Sql): Promise<Span | undefined> {
    let [from_us, to_us] = [Number.POSITIVE_INFINITY, 0];
    for (const source of SOURCES) {
      for (const symbol of await symbolsOf(sql, source)) {
        const [row] = await sql<{ from_us: string; to_us: string }[]>`
          select us_of(min(ts)) as from_us, us_of(max(ts)) as to_us
          from ${sql(source)}
          where symbol = ${symbol}`;
        from_us = Math.min(from_us, Math.floor(Number(row!.from_us) / CELL_US) * CELL_US);
        to_us = Math.max(to_us, Number(row!.to_us));
      }
    }
    return Number.isFinite(from_us) ? { from_us, to_us } : undefined;
  }

  async cell(_: Sql, from_us: number): Promise<Span> {
    return { from_us, to_us: from_us + CELL_US };
  }

  async drop(sql: Sql, { to_us }: Span): Promise<void> {
    for (const source of SOURCES) {
      for (const symbol of await symbolsOf(sql, source)) await this.#drop(sql, source, symbol, to_us);
    }
  }

  async #drop(sql: Sql, source: (typeof SOURCES)[number], symbol: string, to_us: number): Promise<void> {
    const end = textFromMicros(timeOf(to_us));
    for (;;) {
      const { count } = await sql`
        delete from ${sql(source)}
        where symbol = ${symbol}
          and ts < ${end}
          and ts <= coalesce((
            select ts
            from ${sql(source)}
            where symbol = ${symbol}
              and ts < ${end}
            order by ts
            offset ${LIMITS.retention_batch_rows_max}
            limit 1
          ), ${end})`;
      if (count === 0) return;
      await sleep(this.#clock, PAUSE_MS);
    }
  }
}

/** One index probe per symbol, however many rows there are. */
async function symbolsOf(sql: Sql, source: (typeof SOURCES)[number]): Promise<string[]> {
  const rows = await sql<{ symbol: string }[]>`
    with recursive symbols as (
      select min(symbol) as symbol
      from ${sql(source)}
      union all
      select (select min(symbol) from ${sql(source)} as further where further.symbol > symbols.symbol)
      from symbols
      where symbols.symbol is not null
    )
    select symbol
    from symbols
    where symbol is not null`;
  return rows.map(({ symbol }) => symbol);
}
