/**
 * Loads history into `trades`, one batch per transaction: COPY into a staging table, from there what is not
 * known yet. A trade is known by its id, whatever its time's precision: the archive gave milliseconds until
 * 2025. Loading a batch again changes nothing.
 *
 * No trade counts twice. Single trades replace an aggregate they are part of; an aggregate is left out where
 * any of its trades is known. What either leaves open is a gap in the ids, to be filled with single trades.
 *
 * Through pg, whose COPY reports its errors; the rest of the store goes through postgres.js.
 */

import type { Client } from "pg";
import type { Clock } from "../../base/clock.ts";
import { US_PER_SEC } from "../../base/units.ts";
import type { SetAside } from "../../binance/events.ts";
import type { HistoryKind } from "../../binance/trade_run.ts";
import { HOLD_LOADING } from "../retention/loading.ts";
import { connectPg } from "../server/client.ts";
import { storeError } from "../sql/store_errors.ts";
import type { CheckedRun } from "./checked_runs.ts";
import { keepStagedBars, storedBlocks } from "./file/kept_blocks.ts";
import {
  ADD_AGGREGATES,
  ADD_SET_ASIDE,
  ADD_TRADES,
  ANY_KNOWN,
  MARK_DAY,
  REMOVE_DIFFERING,
  REPLACE_AGGREGATES,
  STAGING,
} from "./load_statements.ts";
import { extentOf, stage, tradesIn } from "./staging.ts";

export interface LoaderOptions {
  /** Of the database. */
  readonly url: string;
  readonly symbol: string;
  readonly clock: Clock;
  /** Of the exchange's numbering; 0 where it is left out. */
  readonly epoch?: number;
  /** The fences of the leases held (record/lease): a batch is refused once another service holds them. */
  readonly fences?: () => string | null;
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
  /** Trades that its rows hold. */
  readonly n: number;
  readonly refused: number;
}

export interface LoadCounts {
  /** Rows that were not known. */
  readonly rows_added: number;
  /** Rows of blocks that are kept as bars. */
  readonly rows_to_bars: number;
  /** Rows that others took the place of. */
  readonly rows_replaced: number;
  /** Aggregates whose place single trades took. */
  readonly aggregates_replaced: number;
  /** Rows that are not believed and were not stored so before. */
  readonly set_aside: readonly AsideRow[];
}

/** A row of history that is not believed. */
export interface AsideRow {
  readonly trade_id: number;
  readonly ts_us: number;
  /** "other_day": in the file of another time, and not stored. */
  readonly reason: SetAside | "other_day";
}

/** The rows of a block of five minutes, every one of them. */
export interface RunBlock {
  readonly from_us: number;
  readonly runs: readonly CheckedRun[];
}

export interface LoadOptions {
  /** Kept as bars, where none of their trades is stored. */
  readonly blocks?: readonly RunBlock[];
  readonly completes?: readonly ArchiveDay[];
  /** Rows that differ from stored ones of the same id take their place. */
  readonly replaces?: boolean;
}

/** Two rows of one trade differ by less: milliseconds are cut off. */
const TIME_SLACK_US = US_PER_SEC;
const NOTHING: LoadCounts = {
  ...{ rows_added: 0, rows_to_bars: 0, rows_replaced: 0, aggregates_replaced: 0 },
  set_aside: [],
};

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
    let client: Client | undefined;
    try {
      client = await connectPg(options.url, { application_name: "foretick backfill", clock: options.clock });
      await client.query(STAGING);
      // Nothing of what is loaded may be deleted before its bars are there.
      await client.query(HOLD_LOADING);
      return new HistoryLoader(client, options);
    } catch (error) {
      await client?.end().catch(() => {});
      throw storeError(error);
    }
  }

  /**
   * All of `runs`, the bars of `blocks`, and the days they complete, or nothing. Runs of one time must not be spread over
   * batches.
   *
   * @throws ForetickError STORE_WRITE_FAILED, STORE_UNREACHABLE.
   */
  async load(runs: readonly CheckedRun[], options: LoadOptions = {}): Promise<LoadCounts> {
    const { blocks = [], completes = [], replaces = false } = options;
    if (runs.length === 0 && blocks.length === 0 && completes.length === 0) return NOTHING;
    try {
      await this.#client.query("begin");
      await this.#checkLease();
      const { as_bars, as_trades } = await this.#parted(blocks, replaces);
      const rows_to_bars = await this.#addBars(as_bars);
      const all = as_trades.length > 0 ? [...runs, ...as_trades] : runs;
      const counts = all.length > 0 ? await this.#add(all, replaces) : NOTHING;
      for (const day of completes) await this.#mark(day);
      await this.#client.query("commit");
      return { ...counts, rows_to_bars };
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

  async #checkLease(): Promise<void> {
    const { symbol, fences } = this.#options;
    if (fences) await this.#client.query("select holds_leases(array[$1], $2::jsonb)", [symbol, fences()]);
  }

  /** Where trades of a block are stored, its rows join them. A block that is known as bars is left, unless replaced. */
  async #parted(blocks: readonly RunBlock[], replaces: boolean) {
    const as_bars: RunBlock[] = [];
    const as_trades: CheckedRun[] = [];
    if (blocks.length === 0) return { as_bars, as_trades };
    const starts = blocks.map(({ from_us }) => from_us);
    const stored = await storedBlocks(this.#client, this.#options.symbol, starts);
    for (const block of blocks) {
      const { has_trades, n_ids } = stored.get(block.from_us)!;
      if (has_trades) as_trades.push(...block.runs);
      else if (replaces || n_ids < tradesIn(block.runs)) as_bars.push(block);
    }
    return { as_bars, as_trades };
  }

  async #addBars(blocks: readonly RunBlock[]): Promise<number> {
    if (blocks.length === 0) return 0;
    const { symbol, clock, epoch = 0 } = this.#options;
    const runs = blocks.flatMap((block) => block.runs);
    await stage(this.#client, runs);
    const starts = blocks.map(({ from_us }) => from_us);
    await keepStagedBars(this.#client, { symbol, epoch, now_us: clock.now() }, starts);
    await this.#client.query("truncate staged_runs");
    return runs.length;
  }

  async #add(runs: readonly CheckedRun[], replaces: boolean): Promise<LoadCounts> {
    await stage(this.#client, runs);
    const set_aside = await this.#addSetAside(runs);
    // A time that is not believed says nothing of where the others are.
    const believed = runs.filter((run) => run.set_aside === undefined);
    if (believed.length === 0) return { ...NOTHING, set_aside };
    const { from_us, to_us, first_id, last_id, any_single, any_aggregate } = extentOf(believed);
    const { symbol, clock, epoch = 0 } = this.#options;
    const nearby = [symbol, from_us - TIME_SLACK_US, to_us + TIME_SLACK_US];
    const { rows } = await this.#client.query<{ known: boolean }>(ANY_KNOWN, [...nearby, first_id, last_id]);
    let [rows_added, aggregates_replaced, rows_replaced] = [0, 0, 0];
    if (rows[0]!.known) await this.#client.query("analyze staged_runs");
    if (any_single && rows[0]!.known) {
      aggregates_replaced = (await this.#client.query(REPLACE_AGGREGATES, nearby)).rowCount ?? 0;
    }
    if (replaces && rows[0]!.known) {
      rows_replaced = (await this.#client.query(REMOVE_DIFFERING, nearby)).rowCount ?? 0;
    }
    for (const [wanted, statement] of [
      [any_single, ADD_TRADES],
      [any_aggregate, ADD_AGGREGATES],
    ] as const) {
      if (!wanted) continue;
      rows_added += (await this.#client.query(statement, [...nearby, clock.now(), epoch])).rowCount ?? 0;
    }
    return { ...NOTHING, rows_added, aggregates_replaced, rows_replaced, set_aside };
  }

  async #addSetAside(runs: readonly CheckedRun[]): Promise<AsideRow[]> {
    if (!runs.some((run) => run.set_aside !== undefined)) return [];
    const { symbol, clock, epoch = 0 } = this.#options;
    type Row = { trade_id: string; ts_us: string; reason: SetAside };
    const { rows } = await this.#client.query<Row>(ADD_SET_ASIDE, [symbol, clock.now(), epoch]);
    return rows.map(({ trade_id, ts_us, reason }) => ({
      ...{ trade_id: Number(trade_id), ts_us: Number(ts_us), reason },
    }));
  }

  async #mark({ day, kind, file, sha256, first_trade_id, last_trade_id, n, refused }: ArchiveDay) {
    const ids = [first_trade_id ?? null, last_trade_id ?? null];
    await this.#client.query(MARK_DAY, [this.#options.symbol, day, kind, file, sha256, ...ids, n, refused]);
  }
}
