/**
 * Everything worth keeping goes through here. A call takes its row and returns at once; it never waits and
 * never throws. How rows get to the database is `delivery.ts`.
 */

import type { Clock } from "../base/clock.ts";
import { type Micros, startOf, type UnixSec } from "../base/units.ts";
import type { DisconnectEvent, QuoteEvent, TradeEvent } from "../binance/events.ts";
import type { BookSums } from "../features/columns.ts";
import type { FeatureVector } from "../features/vector.ts";
import type { Outcome, Prediction } from "../predict/prediction.ts";
import { type Cell, floatsLiteral } from "./array_literal.ts";
import { Delivery, type WriterOptions } from "./delivery.ts";
import type { TableName } from "./write_tables.ts";
import type { WriterStats } from "./writer_stats.ts";

export type { WriterOptions, WriterStats };

export class Writer {
  readonly #clock: Clock;
  readonly #delivery: Delivery;

  /** Begins with what an earlier run left in the journal. */
  constructor(options: WriterOptions) {
    this.#clock = options.clock;
    this.#delivery = new Delivery(options);
  }

  /** Counters, and what waits where, as of now. */
  get stats(): WriterStats {
    return this.#delivery.stats;
  }

  /** Rows in memory that are not known to be in the database. */
  get queue_depth(): number {
    return this.#delivery.queue_depth;
  }

  /** `late`: its second was closed when it came. */
  trade(e: TradeEvent, late: boolean): void {
    const batch = this.#delivery.open("trades");
    const [symbol, ts, trade_id, price_e8, qty_e8, is_buyer_maker, late_column, received_at] = batch.columns;
    const row = batch.rows;
    symbol![row] = e.symbol;
    ts![row] = e.ts_us;
    trade_id![row] = e.trade_id;
    price_e8![row] = e.price_e8;
    qty_e8![row] = e.qty_e8;
    is_buyer_maker![row] = e.is_buyer_maker;
    late_column![row] = late;
    received_at![row] = e.received_us;
    this.#delivery.added(batch);
  }

  quote(e: QuoteEvent, late: boolean): void {
    const batch = this.#delivery.open("quotes");
    const [symbol, ts, update_id, bid_price, bid_qty, ask_price, ask_qty, late_column, received_at] =
      batch.columns;
    const row = batch.rows;
    symbol![row] = e.symbol;
    ts![row] = e.ts_us;
    update_id![row] = e.update_id;
    bid_price![row] = e.bid_price_e8;
    bid_qty![row] = e.bid_qty_e8;
    ask_price![row] = e.ask_price_e8;
    ask_qty![row] = e.ask_qty_e8;
    late_column![row] = late;
    received_at![row] = e.received_us;
    this.#delivery.added(batch);
  }

  /** Given again with `filled_us`, it marks the gap's trades as fetched. */
  disconnect(e: DisconnectEvent, filled_us?: Micros): void {
    this.#row("disconnects", [e.symbol, e.ts_us, e.reason, e.received_us, filled_us ?? null]);
  }

  /** The book's sums as they stood at the end of second `sec`. */
  book(symbol: string, sec: UnixSec, sums: BookSums): void {
    this.#row("book_1s", [
      symbol,
      startOf(sec),
      sums.bid_qty_top5_e8,
      sums.ask_qty_top5_e8,
      sums.bid_qty_top20_e8,
      sums.ask_qty_top20_e8,
      this.#clock.now(),
    ]);
  }

  /** `closed_at_us`: the local clock when the second was closed. */
  features(v: FeatureVector, closed_at_us: Micros): void {
    const ts_us = startOf(v.ts_sec);
    const values = floatsLiteral(v.values);
    this.#row("features_live", [v.symbol, ts_us, v.feature_set, v.set_hash, v.warm, values, closed_at_us]);
  }

  prediction(p: Prediction): void {
    this.#row("predictions", [
      p.symbol,
      startOf(p.ts_sec),
      p.model_version,
      p.horizon_s,
      p.yhat_log_return_10s,
      p.current_price,
      p.predicted_price,
      p.feature_set,
      p.set_hash,
      p.source,
      p.features_age_ms,
      p.latency_ms,
      p.warm,
      p.emitted_at_us,
      p.mid_sum_e8,
    ]);
  }

  outcome(o: Outcome): void {
    const { symbol, model_version, realized_log_return_10s, realized_price } = o;
    const joined_us = this.#clock.now();
    this.#row("outcomes", [
      symbol,
      startOf(o.ts_sec),
      model_version,
      realized_log_return_10s,
      realized_price,
      joined_us,
    ]);
  }

  /** See `Delivery.flush`. */
  flush(): Promise<void> {
    return this.#delivery.flush();
  }

  /** See `Delivery.drained`. */
  drained(below: number): Promise<void> {
    return this.#delivery.drained(below);
  }

  /** Writes what waits; what the database does not take in time goes to the journal, for the next run. */
  close(): Promise<void> {
    return this.#delivery.close();
  }

  #row(table: TableName, cells: readonly Cell[]): void {
    const batch = this.#delivery.open(table);
    for (let i = 0; i < cells.length; i++) batch.columns[i]![batch.rows] = cells[i]!;
    this.#delivery.added(batch);
  }
}
