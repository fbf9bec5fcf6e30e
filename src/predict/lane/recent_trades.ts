/**
 * The trades a lane has taken or been given, as far back as its sets look. An engine built from a look-back must
 * not miss what the one before it had, also while the database is away and REST is asked only for what is necessary.
 * Columns of numbers, some 50 bytes a trade. Bounded by time and count: the oldest are dropped.
 */

import { LIMITS } from "../../base/limits.ts";
import {
  type Int64,
  type Micros,
  type PriceE8,
  type QtyE8,
  type TradeId,
  US_PER_SEC,
} from "../../base/units.ts";
import type { TradeEvent } from "../../binance/events.ts";

export interface RememberedTrade {
  readonly trade: TradeEvent;
  /** It came after its second had closed: no bar holds it. */
  readonly late: boolean;
}

const ROWS_MIN = 4_096;
/** A quiet market's last trade before the look-back, and what came out of order (s). */
const MARGIN_S = 60;

const NUMBERS = ["trade_id", "epoch", "ts_us", "received_us", "price_e8", "qty_e8"] as const;
/** A quantity past 2^53 − 1 is qty_high · 2^32 + qty_e8; any other is qty_e8, and qty_high is 0. */
type Columns = Record<(typeof NUMBERS)[number], Float64Array> & {
  readonly qty_high: Uint32Array;
  readonly flags: Uint8Array;
};
const COLUMNS = [...NUMBERS, "qty_high", "flags"] as const;
const SOLD = 1;
const LATE = 2;

export class RecentTrades {
  readonly #symbol: string;
  readonly #kept_us: number;
  readonly #count_max: number;
  #columns = columnsOf(ROWS_MIN);
  /** Trades of a look-back, older than most: one merge puts them in their place. */
  #learnt: RecentTrades | undefined;
  /** Rows [#from, #to) are kept. */
  #from = 0;
  #to = 0;
  #newest_us = 0;
  #newest_epoch = 0;
  #newest_id = -1;
  #ordered = true;

  /** @param look_back_s the longest a vector can take to become warm. */
  constructor(symbol: string, look_back_s: number, count_max: number = LIMITS.trades_remembered_max) {
    this.#symbol = symbol;
    this.#kept_us = (look_back_s + MARGIN_S) * US_PER_SEC;
    this.#count_max = count_max;
  }

  get count(): number {
    return this.#to - this.#from + (this.#learnt?.count ?? 0);
  }

  /** As `add`, for the trades of a look-back, ascending by numbering and id. */
  learn(trade: TradeEvent, late: boolean): void {
    this.#learnt ??= new RecentTrades(this.#symbol, this.#kept_us / US_PER_SEC, this.#count_max);
    this.#learnt.add(trade, late);
  }

  /** Each trade once: the lane knows duplicates. */
  add(trade: TradeEvent, late: boolean): void {
    if (this.#to === this.#columns.flags.length) this.#makeRoom();
    const { trade_id, epoch, ts_us, is_buyer_maker } = trade;
    const columns = this.#columns;
    const at = this.#to;
    columns.trade_id[at] = trade_id;
    columns.epoch[at] = epoch;
    columns.ts_us[at] = ts_us;
    columns.received_us[at] = trade.received_us;
    columns.price_e8[at] = trade.price_e8;
    const { qty_e8 } = trade;
    columns.qty_e8[at] = typeof qty_e8 === "number" ? qty_e8 : Number(qty_e8 & 0xffff_ffffn);
    columns.qty_high[at] = typeof qty_e8 === "number" ? 0 : Number(qty_e8 >> 32n);
    columns.flags[at] = (is_buyer_maker ? SOLD : 0) | (late ? LATE : 0);
    this.#to = at + 1;
    if (isBefore(epoch, trade_id, this.#newest_epoch, this.#newest_id)) this.#ordered = false;
    else {
      this.#newest_epoch = epoch;
      this.#newest_id = trade_id;
    }
    if (ts_us > this.#newest_us) this.#newest_us = ts_us;
  }

  /**
   * Ascending by numbering and id; of the newest numbering those below `before_id` where it is given. What comes while they
   * are read is not among them.
   */
  *before(before_id = Number.POSITIVE_INFINITY): Iterable<RememberedTrade> {
    this.#tidy();
    const { trade_id, epoch, ts_us, received_us, price_e8, qty_e8, qty_high, flags } = this.#columns;
    const to = this.#to;
    const newest_epoch = this.#newest_epoch;
    for (let row = this.#from; row < to; row += 1) {
      if (trade_id[row]! >= before_id && epoch[row]! === newest_epoch) return;
      // What was put in comes out: each number is of the unit it was.
      const trade: TradeEvent = {
        kind: "trade",
        symbol: this.#symbol,
        epoch: epoch[row]!,
        ts_us: ts_us[row] as Micros,
        received_us: received_us[row] as Micros,
        trade_id: trade_id[row] as TradeId,
        price_e8: price_e8[row] as PriceE8,
        qty_e8: qtyOf(qty_e8[row]!, qty_high[row]!) as QtyE8,
        is_buyer_maker: (flags[row]! & SOLD) !== 0,
      };
      yield { trade, late: (flags[row]! & LATE) !== 0 };
    }
  }

  /** Where less than half of the rows are too old, there is room for twice as many afterwards. */
  #makeRoom(): void {
    this.#tidy();
    const rows = this.#columns.flags.length;
    this.#copy(this.#to - this.#from > rows / 2 ? rows * 2 : rows);
  }

  /** In order of numberings and ids, without what is too old or too much. */
  #tidy(): void {
    if (!this.#ordered) this.#copy(this.#columns.flags.length);
    this.#mergeLearnt();
    const { ts_us } = this.#columns;
    const oldest_us = this.#newest_us - this.#kept_us;
    this.#from = Math.max(this.#from, this.#to - this.#count_max);
    while (this.#from < this.#to && ts_us[this.#from]! < oldest_us) this.#from += 1;
  }

  #mergeLearnt(): void {
    const learnt = this.#learnt;
    if (!learnt) return;
    this.#learnt = undefined;
    learnt.#tidy();
    const all = learnt.#to - learnt.#from + this.#to - this.#from;
    const to = columnsOf(Math.max(ROWS_MIN, 2 ** Math.ceil(Math.log2(all + 1))));
    const sides = [learnt, this] as const;
    const at = [learnt.#from, this.#from];
    // Run by run: nearly always all that was learnt, then all the rest.
    for (let row = 0; row < all; ) {
      const [i, j] = at as [number, number];
      const side = j >= this.#to || (i < learnt.#to && learnt.#isBefore(i, this, j)) ? 0 : 1;
      const [from, other] = [sides[side], sides[1 - side]!];
      const ends = at[1 - side]!;
      let end = at[side]! + 1;
      while (end < from.#to && (ends >= other.#to || from.#isBefore(end, other, ends))) end += 1;
      for (const name of COLUMNS) to[name].set(from.#columns[name].subarray(at[side]!, end), row);
      row += end - at[side]!;
      at[side] = end;
    }
    this.#columns = to;
    this.#from = 0;
    this.#to = all;
    this.#newest_us = Math.max(this.#newest_us, learnt.#newest_us);
    if (!isBefore(this.#newest_epoch, this.#newest_id, learnt.#newest_epoch, learnt.#newest_id)) return;
    this.#newest_epoch = learnt.#newest_epoch;
    this.#newest_id = learnt.#newest_id;
  }

  #isBefore(row: number, other: RecentTrades, other_row: number): boolean {
    const [mine, theirs] = [this.#columns, other.#columns];
    const [epoch, other_epoch] = [mine.epoch[row]!, theirs.epoch[other_row]!];
    return isBefore(epoch, mine.trade_id[row]!, other_epoch, theirs.trade_id[other_row]!);
  }

  #copy(rows: number): void {
    const count = this.#to - this.#from;
    const to = columnsOf(rows);
    for (const name of COLUMNS) to[name].set(this.#columns[name].subarray(this.#from, this.#to));
    if (!this.#ordered) sortById(to, count);
    this.#columns = to;
    this.#from = 0;
    this.#to = count;
    this.#ordered = true;
  }
}

/** Ids of another numbering are compared with none of this one. */
const isBefore = (epoch: number, id: number, other_epoch: number, other_id: number): boolean =>
  epoch < other_epoch || (epoch === other_epoch && id < other_id);

const qtyOf = (low: number, high: number): Int64 => (high === 0 ? low : (BigInt(high) << 32n) + BigInt(low));

function sortById(columns: Columns, count: number): void {
  const { epoch, trade_id } = columns;
  const order = Uint32Array.from({ length: count }, (_, row) => row);
  order.sort((a, b) => epoch[a]! - epoch[b]! || trade_id[a]! - trade_id[b]!);
  for (const name of COLUMNS) {
    const column = columns[name];
    const before = column.slice(0, count);
    for (let row = 0; row < count; row += 1) column[row] = before[order[row]!]!;
  }
}

function columnsOf(rows: number): Columns {
  const numbers = (): Float64Array => new Float64Array(rows);
  return {
    ...{ trade_id: numbers(), epoch: numbers(), ts_us: numbers(), received_us: numbers() },
    ...{
      price_e8: numbers(),
      qty_e8: numbers(),
      qty_high: new Uint32Array(rows),
      flags: new Uint8Array(rows),
    },
  };
}
