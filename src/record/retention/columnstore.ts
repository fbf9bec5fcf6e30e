/**
 * Conversion of old chunks to columns, one chunk at a time. Converted chunks still take rows, only more
 * slowly.
 */

import type { Sql } from "postgres";

/** Tables and continuous aggregates whose migration says how their columns are laid out. */
const RELATIONS = [
  "trades",
  "quotes",
  "features_live",
  "predictions",
  "outcomes",
  "signals",
  "book_1s",
  "trade_bars_1s",
  "quote_bars_1s",
  "trade_blocks_5m",
  "trade_bars_1s_kept",
  "quote_bars_1s_kept",
  "trade_blocks_5m_kept",
] as const;

export interface OldChunk {
  readonly relation: string;
  /** Qualified and quoted. */
  readonly chunk: string;
}

/** Chunks that end at or before `before_us` and are still rows, oldest first. */
export async function oldChunks(sql: Sql, before_us: number): Promise<OldChunk[]> {
  return await sql<OldChunk[]>`
    select
      coalesce(a.view_name, c.hypertable_name) as relation,
      format('%I.%I', c.chunk_schema, c.chunk_name) as chunk
    from timescaledb_information.chunks as c
    left join timescaledb_information.continuous_aggregates as a
      on a.materialization_hypertable_schema = c.hypertable_schema
      and a.materialization_hypertable_name = c.hypertable_name
    where not c.is_compressed
      and c.range_end <= at_us(${before_us})
      and coalesce(a.view_schema, c.hypertable_schema) = current_schema()
      and coalesce(a.view_name, c.hypertable_name) in ${sql(RELATIONS)}
    order by c.range_end, relation`;
}

export async function toColumns(sql: Sql, { chunk }: OldChunk): Promise<void> {
  await sql.unsafe(`call convert_to_columnstore('${chunk.replaceAll("'", "''")}'::regclass)`).simple();
}
