/**
 * Bars as continuous aggregates. The server notes which rows changed below what it has materialised, and
 * recomputes just those when asked for a range; it does not report which ranges wait, so whole ranges are
 * asked for, and one with nothing to do costs about a millisecond.
 */

import type { Sql } from "postgres";
import { US_PER_SEC } from "../../base/units.ts";
import { isAtLeast } from "../server/capability.ts";
import { textsLiteral } from "../sql/array_literal.ts";
import { textFromMicros } from "../sql/time_text.ts";
import type { BarKeeper } from "./bar_keeper.ts";
import { cut, joined, type Span, type Stretch, type SumTable, timeOf, wholeBuckets } from "./bars.ts";

/** A stretch refreshed at once: an hour of a busy market takes some 0.3 s. */
const STRETCH_US = 3_600 * US_PER_SEC;

export class CaggKeeper<Table extends SumTable> implements BarKeeper<Table> {
  readonly description = "continuous aggregates";
  readonly overtakes = true;
  readonly #options: string;
  readonly #tables: readonly Table[];
  #newest_us = 0;

  constructor(timescale_version: string, tables: readonly Table[]) {
    this.#tables = tables;
    // From 2.28 on a refresh goes ten buckets at a time unless told otherwise: ten seconds, three transactions each.
    this.#options = isAtLeast(timescale_version, "2.28") ? `, options => '{"buckets_per_batch": 0}'` : "";
  }

  async newestSecond(sql: Sql): Promise<number | undefined> {
    // From where it was: older chunks need not be opened.
    const since = textFromMicros(timeOf(this.#newest_us));
    const [row] = await sql.unsafe<{ newest_us: string | null }[]>(
      `select us_of(greatest(
        (select max(ts) from trades where ts >= '${since}'),
        (select max(ts) from quotes where ts >= '${since}')
      )) as newest_us`,
    );
    if (row!.newest_us === null) return undefined;
    this.#newest_us = Math.floor(Number(row!.newest_us) / US_PER_SEC) * US_PER_SEC;
    return this.#newest_us;
  }

  async stale(sql: Sql, span: Span, open: boolean): Promise<Stretch<Table>[]> {
    const within =
      span.to_us - span.from_us > 2 * STRETCH_US ? await stored(sql, span, this.#tables) : [span];
    return within
      .flatMap((part) => [...cut(part, STRETCH_US)])
      .sort((a, b) => b.to_us - a.to_us)
      .flatMap((part) =>
        this.#tables.map((bars) => ({
          bars,
          symbol: undefined,
          ...wholeBuckets(part, bars.bucket_us, open && part.to_us === span.to_us),
        })),
      )
      .filter(({ from_us, to_us }) => from_us < to_us);
  }

  refresh(sql: Sql, stretch: Stretch<Table>): Promise<void> {
    return this.#call(sql, stretch, "");
  }

  force(sql: Sql, stretch: Stretch<Table>): Promise<void> {
    return this.#call(sql, stretch, ", force => true");
  }

  async #call(sql: Sql, { bars, from_us, to_us }: Stretch<Table>, force: string): Promise<void> {
    const [from, to] = [from_us, to_us].map((time_us) => textFromMicros(timeOf(time_us)));
    await sql
      .unsafe(
        `call refresh_continuous_aggregate('${bars.name}', '${from}'::timestamptz, '${to}'::timestamptz${force}${this.#options})`,
      )
      .simple();
  }
}

/** Where in `span` there are chunks of what the tables are made of at all. */
async function stored(sql: Sql, span: Span, tables: readonly SumTable[]): Promise<Span[]> {
  const sources = [...new Set(tables.map(({ source }) => source))];
  const rows = await sql<{ from_us: string; to_us: string }[]>`
    select us_of(range_start) as from_us, us_of(range_end) as to_us
    from timescaledb_information.chunks
    where hypertable_schema = current_schema()
      and hypertable_name = any(${textsLiteral(sources, 0, sources.length)}::text[])
    order by range_start`;
  const chunks = joined(
    rows.map((row) => ({ from_us: Number(row.from_us), to_us: Number(row.to_us) })),
    0,
  );
  return chunks
    .map(({ from_us, to_us }) => ({
      from_us: Math.max(from_us, span.from_us),
      to_us: Math.min(to_us, span.to_us),
    }))
    .filter(({ from_us, to_us }) => from_us < to_us);
}
