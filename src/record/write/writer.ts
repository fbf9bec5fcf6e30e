/**
 * Every row to be stored goes through here. A call takes its row and returns at once; it never waits and
 * never throws. How rows get to the database is `delivery.ts`.
 */

import type { Clock } from "../../base/clock.ts";
import { type Micros, startOf, type UnixSec } from "../../base/units.ts";
import type { DisconnectEvent, QuoteEvent, SetAside, TradeEvent } from "../../binance/events.ts";
import { BOOK_SUMS, type BookSums } from "../../features/algebra/columns.ts";
import type { FeatureVector } from "../../features/vector.ts";
import type { Outcome, Prediction } from "../../predict/prediction.ts";
import type { TakenLookBack } from "../look_back_rows.ts";
import type { SignalRow } from "../signals/signal_row.ts";
import { type Cell, floatsLiteral, int8Cell } from "../sql/array_literal.ts";
import { Delivery } from "./delivery.ts";
import type { WriterOptions } from "./parts.ts";
import type { LostStretch } from "./queue/losses.ts";
import type { WriterStats } from "./stats.ts";
import type { TableName } from "./table.ts";
import { type Source, Watermarks } from "./watermarks.ts";

export type { WriterOptions, WriterStats };

/** Reason of a break where rows were received and could be kept nowhere. */
const ROWS_LOST = "rows lost";

/** What a column of sums shows where the sum is larger; the exact ones stand beside. */
const INT8_MAX = 2n ** 63n - 1n;

export class Writer {
  readonly #clock: Clock;
  readonly #delivery: Delivery;
  readonly #watermarks: Watermarks;

  /** Begins with what an earlier run left in the journal. */
  constructor(options: WriterOptions) {
    this.#clock = options.clock;
    this.#delivery = new Delivery(options, (stretch) => this.#lost(stretch));
    this.#watermarks = new Watermarks(options.clock, {
      given: (source) => this.#delivery.channel(source).queue.given,
      isThrough: (source, given) => this.#delivery.channel(source).isThrough(given),
    });
  }

  /** Counters, and what waits where, as of now. */
  get stats(): WriterStats {
    return this.#delivery.stats;
  }

  /** Rows in memory that are not known to be in the database. */
  get queue_depth(): number {
    return this.#delivery.queue_depth;
  }

  /**
   * @param late its second was closed when it came.
   * @param set_aside why it is not believed; undefined where it is.
   */
  trade(e: TradeEvent, late: boolean, set_aside?: SetAside): void {
    const batch = this.#delivery.open("trades");
    const [symbol, ts, trade_id, price_e8, qty_e8, is_buyer_maker, late_column, received_at, epoch, aside] =
      batch.columns;
    const row = batch.rows;
    symbol![row] = e.symbol;
    ts![row] = e.ts_us;
    trade_id![row] = e.trade_id;
    price_e8![row] = e.price_e8;
    qty_e8![row] = int8Cell(e.qty_e8);
    is_buyer_maker![row] = e.is_buyer_maker;
    late_column![row] = late;
    received_at![row] = e.received_us;
    epoch![row] = e.epoch;
    aside![row] = set_aside ?? null;
    this.#delivery.added(batch);
  }

  /** As `trade`. */
  quote(e: QuoteEvent, late: boolean, set_aside?: SetAside): void {
    const batch = this.#delivery.open("quotes");
    const [
      symbol,
      ts,
      update_id,
      bid_price,
      bid_qty,
      ask_price,
      ask_qty,
      late_column,
      received_at,
      epoch,
      aside,
    ] = batch.columns;
    const row = batch.rows;
    symbol![row] = e.symbol;
    ts![row] = e.ts_us;
    update_id![row] = e.update_id;
    bid_price![row] = e.bid_price_e8;
    bid_qty![row] = int8Cell(e.bid_qty_e8);
    ask_price![row] = e.ask_price_e8;
    ask_qty![row] = int8Cell(e.ask_qty_e8);
    late_column![row] = late;
    received_at![row] = e.received_us;
    epoch![row] = e.epoch;
    aside![row] = set_aside ?? null;
    this.#delivery.added(batch);
  }

  /**
   * Given again with `until_us`, it ends the break; given again with `filled_us`, it marks the break's trades as
   * fetched. What was stored before stays.
   */
  disconnect(e: DisconnectEvent, filled_us?: Micros): void {
    const { symbol, ts_us, reason, received_us, stream, until_us, noticed_us, fillable = true } = e;
    this.#row("disconnects", [
      symbol,
      ts_us,
      reason,
      received_us,
      fillable ? (filled_us ?? null) : null,
      stream ?? "all",
      until_us ?? null,
      noticed_us ?? null,
      fillable,
    ]);
  }

  /** The live path of `symbol` has gone over to a look-back. */
  lookBack(symbol: string, taken: TakenLookBack): void {
    const { taken_us, asked_us, complete_from_sec, epoch, first_trade_id, reason } = taken;
    this.#row("look_backs", [
      ...[symbol, taken_us, asked_us, startOf(complete_from_sec), epoch, first_trade_id ?? null, reason],
    ]);
  }

  /** The book's sums at the end of second `sec`. */
  book(symbol: string, sec: UnixSec, sums: BookSums): void {
    this.#row("book_1s", [
      symbol,
      startOf(sec),
      ...BOOK_SUMS.map((name) => int8Cell(sums[name] > INT8_MAX ? INT8_MAX : sums[name])),
      this.#clock.now(),
      BOOK_SUMS.some((name) => sums[name] > INT8_MAX)
        ? `{${BOOK_SUMS.map((name) => sums[name]).join(",")}}`
        : null,
    ]);
  }

  /** `closed_at_us`: the local clock when the second was closed. */
  features(v: FeatureVector, closed_at_us: Micros): void {
    const ts_us = startOf(v.ts_sec);
    const values = floatsLiteral(v.values);
    this.#watermarks.closed(v.symbol, ts_us);
    this.#row("features_live", [v.symbol, ts_us, v.feature_set, v.set_hash, v.warm, values, closed_at_us]);
  }

  prediction(p: Prediction): void {
    this.#row("predictions", [
      p.venue,
      p.symbol,
      startOf(p.ts_sec),
      p.model_version,
      p.role,
      p.horizon_s,
      p.yhat_log_return,
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
      p.label,
      p.close_e8,
      p.served,
      p.lower_price,
      p.upper_price,
      p.interval_coverage,
      p.p_up,
      p.confidence,
      p.volatility,
      p.lower_log_return,
      p.upper_log_return,
    ]);
  }

  outcome(o: Outcome): void {
    this.#row("outcomes", [
      o.venue,
      o.symbol,
      startOf(o.ts_sec),
      o.model_version,
      o.horizon_s,
      o.realized_log_return,
      o.realized_price,
      this.#clock.now(),
      o.label === "mid" ? o.realized_last_log_return : o.realized_mid_log_return,
      o.role,
      o.label,
      o.yhat_log_return,
      o.lower_log_return,
      o.upper_log_return,
      o.source,
    ]);
  }

  signal(s: SignalRow): void {
    const { BUY, HOLD, SELL } = s.probabilities;
    this.#row("signals", [
      ...[s.symbol, startOf(s.ts_sec), s.model_version, s.role, s.horizon_s],
      ...[s.direction, s.confidence, BUY, HOLD, SELL],
      ...[s.recommendation, s.position_multiplier, s.risk_level, s.cost_bp, s.weights_applied],
      ...[s.bid_price_e8, s.ask_price_e8, s.emitted_at_us],
    ]);
  }

  /** Exchange time before which everything of a table is in the database. See `Watermarks.through`. */
  through(source: Source): number {
    return this.#watermarks.through(source);
  }

  /** See `Delivery.flush`. */
  flush(): Promise<void> {
    return this.#delivery.flush();
  }

  /** See `Delivery.drained`. */
  drained(below: number): Promise<void> {
    return this.#delivery.drained(below);
  }

  /** See `Delivery.secure`. */
  secure(): Promise<number> {
    return this.#delivery.secure();
  }

  /** Secures everything, then writes what the database still takes in time; the rest is for the next run. */
  close(): Promise<void> {
    return this.#delivery.close();
  }

  #lost({ symbol, stream, ts_us, until_us }: LostStretch): void {
    const received_us = this.#clock.now();
    // Its seconds were closed, and their vectors given out, from events that are stored nowhere.
    const noticed_us = received_us;
    const times = { ts_us, until_us, noticed_us, received_us };
    this.disconnect({ kind: "disconnect", symbol, stream, ...times, reason: ROWS_LOST });
  }

  #row(table: TableName, cells: readonly Cell[]): void {
    const batch = this.#delivery.open(table);
    for (let i = 0; i < cells.length; i++) batch.columns[i]![batch.rows] = cells[i]!;
    this.#delivery.added(batch);
  }
}
