/**
 * Loads history into `trades`, a batch a transaction: COPY into a staging table, from there what is not known
 * yet. A trade is known by its id, whatever its time's precision: the archive told milliseconds until 2025.
 * Loading a batch again changes nothing.
 *
 * No trade counts twice. Single trades replace an aggregate they are part of; an aggregate is left out where
 * any of its trades is known. What either leaves open is a gap in the ids, to be filled with single trades.
 *
 * Through pg, whose COPY reports its errors; the rest of the store goes through postgres.js.
 */

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { Clock } from "../base/clock.ts";
import { US_PER_SEC } from "../base/units.ts";
import type { HistoryKind, TradeRun } from "../binance/trade_run.ts";
import { storeError } from "./store_errors.ts";

export interface LoaderOptions {
  /** Of the database. */
  readonly url: string;
  readonly symbol: string;
  readonly clock: Clock;
}

/** A day of the archive that a batch completes. */
export interface ArchiveDay {
  /** e.g. "2026-10-01". */
  readonly day: string;
  readonly kind: HistoryKind;
  readonly file: string;
  readonly sha256: string;
  readonly first_trade_id: number | undefined;
  readonly last_trade_id: number | undefined;
  /** Trades that its rows stand for. */
  readonly n: number;
  readonly refused: number;
}

export interface LoadCounts {
  /** Rows that were not known. */
  readonly rows_added: number;
  /** Aggregates whose place single trades took. */
  readonly aggregates_replaced: number;
}

/** Two accounts of one trade differ by less: milliseconds are cut off. */
const TIME_SLACK_US = US_PER_SEC;
const LINES_A_CHUNK = 2_000;
const NOTHING: LoadCounts = { rows_added: 0, aggregates_replaced: 0 };

/**
 * TimescaleDB refuses a statement that turns more than 100,000 rows of a columnstore back into rows, unless
 * told; old days are columns. Without TimescaleDB it is a name that nobody reads.
 */
const STAGING = `
set timescaledb.max_tuples_decompressed_per_dml_transaction = 0;
create temp table staged_runs (
  first_trade_id bigint not null,
  trade_id bigint not null,
  ts_us bigint not null,
  price_e8 bigint not null,
  qty_e8 bigint not null,
  is_buyer_maker boolean not null
) on commit delete rows;
create index on staged_runs (trade_id)`;

/** $1 symbol, $2 and $3 the batch's times. */
const NEARBY = "t.symbol = $1 and t.ts >= at_us($2::bigint) and t.ts < at_us($3::bigint)";

/** $4 and $5: the batch's lowest and highest id. */
const ANY_KNOWN = `
select exists (
  select
  from trades t
  where ${NEARBY}
    and t.trade_id >= $4::bigint
    and coalesce(t.first_trade_id, t.trade_id) <= $5::bigint
) as known`;

const REPLACE_AGGREGATES = `
delete from trades t
where ${NEARBY}
  and t.first_trade_id is not null
  and exists (
    select
    from staged_runs s
    where s.first_trade_id = s.trade_id
      and s.trade_id between t.first_trade_id and t.trade_id
  )`;

/** $4: when it was fetched. Of single trades the planner shall see an equation, which it can hash. */
const insert = (which: string, known_by: string): string => `
insert into trades (symbol, ts, trade_id, price_e8, qty_e8, is_buyer_maker, received_at, first_trade_id)
select
  $1,
  at_us(s.ts_us),
  s.trade_id,
  s.price_e8,
  s.qty_e8,
  s.is_buyer_maker,
  at_us($4::bigint),
  nullif(s.first_trade_id, s.trade_id)
from staged_runs s
where ${which}
  and not exists (select from trades t where ${NEARBY} and ${known_by})
order by s.trade_id
on conflict do nothing`;

const ADD_TRADES = insert("s.first_trade_id = s.trade_id", "t.trade_id = s.trade_id");
const ADD_AGGREGATES = insert(
  "s.first_trade_id < s.trade_id",
  "t.trade_id between s.first_trade_id and s.trade_id",
);

const MARK_DAY = `
insert into archive_days (symbol, day, kind, file, sha256, first_trade_id, last_trade_id, n, refused)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (symbol, day, kind) do update
set
  file = excluded.file,
  sha256 = excluded.sha256,
  first_trade_id = excluded.first_trade_id,
  last_trade_id = excluded.last_trade_id,
  n = excluded.n,
  refused = excluded.refused,
  loaded_at = excluded.loaded_at`;

export class HistoryLoader {
  readonly #client: Client;
  readonly #options: LoaderOptions;
  #closing: Promise<void> | undefined;

  private constructor(client: Client, options: LoaderOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** @throws ForetickError STORE_UNREACHABLE. */
  static async open(options: LoaderOptions): Promise<HistoryLoader> {
    const client = new Client({ connectionString: options.url, application_name: "foretick backfill" });
    // A lost connection also fails the statement under way, which is where it is told.
    client.on("error", () => {});
    try {
      await client.connect();
      await client.query(STAGING);
    } catch (error) {
      await client.end().catch(() => {});
      throw storeError(error);
    }
    return new HistoryLoader(client, options);
  }

  /**
   * All of `runs`, and the day they complete, or nothing. Runs of one time must not be spread over batches.
   *
   * @throws ForetickError STORE_WRITE_FAILED, STORE_UNREACHABLE.
   */
  async load(runs: readonly TradeRun[], completes?: ArchiveDay): Promise<LoadCounts> {
    if (runs.length === 0 && !completes) return NOTHING;
    try {
      await this.#client.query("begin");
      const counts = runs.length > 0 ? await this.#add(runs) : NOTHING;
      if (completes) await this.#mark(completes);
      await this.#client.query("commit");
      return counts;
    } catch (error) {
      await this.#client.query("rollback").catch(() => {});
      throw storeError(error);
    }
  }

  /** May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#client.end().catch(() => {});
    return this.#closing;
  }

  async #add(runs: readonly TradeRun[]): Promise<LoadCounts> {
    await this.#stage(runs);
    const { from_us, to_us, first_id, last_id, any_single, any_aggregate } = extentOf(runs);
    const { symbol, clock } = this.#options;
    const nearby = [symbol, from_us - TIME_SLACK_US, to_us + TIME_SLACK_US];
    const { rows } = await this.#client.query<{ known: boolean }>(ANY_KNOWN, [...nearby, first_id, last_id]);
    let [rows_added, aggregates_replaced] = [0, 0];
    if (rows[0]!.known) await this.#client.query("analyze staged_runs");
    if (any_single && rows[0]!.known) {
      aggregates_replaced = (await this.#client.query(REPLACE_AGGREGATES, nearby)).rowCount ?? 0;
    }
    for (const [wanted, statement] of [
      [any_single, ADD_TRADES],
      [any_aggregate, ADD_AGGREGATES],
    ] as const) {
      if (!wanted) continue;
      rows_added += (await this.#client.query(statement, [...nearby, clock.now()])).rowCount ?? 0;
    }
    return { rows_added, aggregates_replaced };
  }

  async #stage(runs: readonly TradeRun[]): Promise<void> {
    function* chunks(): Iterable<Buffer> {
      for (let from = 0; from < runs.length; from += LINES_A_CHUNK) {
        yield Buffer.from(
          runs
            .slice(from, from + LINES_A_CHUNK)
            .map(lineOf)
            .join(""),
        );
      }
    }
    await pipeline(Readable.from(chunks()), this.#client.query(copyFrom("copy staged_runs from stdin")));
  }

  async #mark({ day, kind, file, sha256, first_trade_id, last_trade_id, n, refused }: ArchiveDay) {
    const ids = [first_trade_id ?? null, last_trade_id ?? null];
    await this.#client.query(MARK_DAY, [this.#options.symbol, day, kind, file, sha256, ...ids, n, refused]);
  }
}

function lineOf(run: TradeRun): string {
  const { first_trade_id, last_trade_id, ts_us, price_e8, qty_e8, is_buyer_maker } = run;
  return `${first_trade_id}\t${last_trade_id}\t${ts_us}\t${price_e8}\t${qty_e8}\t${is_buyer_maker ? "t" : "f"}\n`;
}

function extentOf(runs: readonly TradeRun[]) {
  const extent = {
    from_us: Number.POSITIVE_INFINITY,
    to_us: 0,
    first_id: Number.POSITIVE_INFINITY,
    last_id: 0,
    any_single: false,
    any_aggregate: false,
  };
  for (const { first_trade_id, last_trade_id, ts_us } of runs) {
    extent.from_us = Math.min(extent.from_us, ts_us);
    extent.to_us = Math.max(extent.to_us, ts_us);
    extent.first_id = Math.min(extent.first_id, first_trade_id);
    extent.last_id = Math.max(extent.last_id, last_trade_id);
    if (first_trade_id === last_trade_id) extent.any_single = true;
    else extent.any_aggregate = true;
  }
  return extent;
}
