/**
 * A small market told to the service's own symbol worker, second by second on a clock moved by hand, and stored
 * by its own writer: what the parity suite tampers with. REST knows every trade; the stream what a test lets
 * through.
 */

import { ManualClock, systemClock } from "../../src/base/clock.ts";
import { readConfig } from "../../src/base/config.ts";
import { silentLogger } from "../../src/base/log.ts";
import { type Rng, seededRng } from "../../src/base/rng.ts";
import { micros, priceE8, qtyE8, startOf, tradeId, updateId } from "../../src/base/units.ts";
import type { DepthSnapshotEvent, MarketEvent, QuoteEvent, TradeEvent } from "../../src/binance/events.ts";
import type { FeatureSet } from "../../src/features/sets/feature_set.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import { ModelSlot } from "../../src/model/model_slot.ts";
import { ZeroModel } from "../../src/model/zero_model.ts";
import type { Database } from "../../src/record/database.ts";
import { Queries } from "../../src/record/queries.ts";
import { Writer } from "../../src/record/write/writer.ts";
import { SymbolWorker, type SymbolWorkerOptions } from "../../src/system/symbol/symbol_worker.ts";

/** A round five-minute boundary. */
export const FIRST_SEC = 1_700_000_100;
/** How long an event is on its way (µs). */
const DELAY_US = 20_000;

/** Every trade and quote there is, by time. */
function marketOf(symbol: string, seconds: number, seed: number): MarketEvent[] {
  const rng = seededRng(seed);
  const times = (mean: number): number[] =>
    Array.from({ length: seconds }, (_, sec) => timesOf(rng, FIRST_SEC + sec, mean)).flat();
  let price = 6_100_000;
  const step = (): number => {
    price += rng.below(201) - 100;
    return price * 1_000_000;
  };
  const arrives = (ts_us: number) => ({ ts_us: micros(ts_us), received_us: micros(ts_us + DELAY_US) });
  const trades = times(4).map(
    (ts_us, i): TradeEvent => ({
      ...{ kind: "trade", symbol, epoch: 0, ...arrives(ts_us), trade_id: tradeId(1_000 + i) },
      price_e8: priceE8(step()),
      qty_e8: qtyE8(1_000 * (1 + rng.below(400_000))),
      is_buyer_maker: rng.uniform() < 0.5,
    }),
  );
  const quotes = times(3).map((ts_us, i): QuoteEvent => {
    const bid = step();
    return {
      ...{ kind: "quote", symbol, epoch: 0, ...arrives(ts_us), update_id: updateId(50_000 + 7 * i) },
      bid_price_e8: priceE8(bid),
      bid_qty_e8: qtyE8(1_000 * (1 + rng.below(900_000))),
      ask_price_e8: priceE8(bid + 1_000_000 * (1 + rng.below(5))),
      ask_qty_e8: qtyE8(1_000 * (1 + rng.below(900_000))),
    };
  });
  const first_us = trades[0]!.ts_us;
  // It begins with a trade: REST without any would have nothing to say of what came before.
  return [...trades, ...quotes].filter(({ ts_us }) => ts_us >= first_us).sort((a, b) => a.ts_us - b.ts_us);
}

/** One second in five is empty. */
function timesOf(rng: Rng, sec: number, mean: number): number[] {
  if (rng.uniform() < 0.2) return [];
  const count = 1 + rng.below(2 * mean);
  return Array.from({ length: count }, () => sec * 1e6 + rng.below(1_000_000)).sort((a, b) => a - b);
}

/** The service's side: what a process would be, at the market's pace. */
export class LiveMarket {
  readonly symbol: string;
  readonly clock: ManualClock;
  readonly events: readonly MarketEvent[];
  readonly writer: Writer;
  worker: SymbolWorker;
  /** REST answers; false: every request fails. */
  rest_answers = true;
  /** What REST has of before its newest page comes only once this is fulfilled. */
  rest_history: Promise<void> | undefined;
  /** Trades REST does not have. */
  rest_lacks: (trade: TradeEvent) => boolean = () => false;
  readonly #trades: readonly TradeEvent[];
  readonly #queries: Queries;
  readonly #sets: readonly FeatureSet[];
  #at = 0;
  /** How often REST was asked for its newest trades. */
  #heads = 0;

  constructor(
    database: Database,
    {
      symbol,
      seconds,
      seed,
      sets,
    }: { symbol: string; seconds: number; seed: number; sets: readonly FeatureSet[] },
  ) {
    this.symbol = symbol;
    this.events = marketOf(symbol, seconds, seed);
    this.#trades = this.events.filter((event) => event.kind === "trade");
    this.#sets = sets;
    this.clock = new ManualClock(startOf(FIRST_SEC));
    this.#queries = new Queries(database);
    const connect = database.connect.bind(database);
    this.writer = new Writer({
      database: { connect, data_dir: `${database.data_dir}/${symbol}` },
      // Its deadlines are the database's, which keeps real time.
      clock: systemClock,
      log: silentLogger,
    });
    this.worker = this.#begin();
  }

  /** Plays the market up to second `sec`, of what `pass` lets through, an event's time of arrival as it says. */
  async through(sec: number, pass: (event: MarketEvent) => number | undefined = () => 0): Promise<void> {
    const due: { event: MarketEvent; at_us: number }[] = [];
    for (; this.#at < this.events.length && this.events[this.#at]!.ts_us < startOf(sec); this.#at++) {
      const event = this.events[this.#at]!;
      const delay_us = pass(event);
      if (delay_us !== undefined) due.push({ event, at_us: event.received_us + delay_us });
    }
    due.sort((a, b) => a.at_us - b.at_us);
    for (const { event, at_us } of due) await this.#deliver(event, at_us);
    await this.#moveTo(startOf(sec) + DELAY_US);
  }

  /** The connection breaks now. */
  disconnect(reason: string): void {
    const ts_us = micros(Math.max(...this.events.slice(0, this.#at).map((event) => event.ts_us)));
    this.worker.onEvent({
      kind: "disconnect",
      symbol: this.symbol,
      ts_us,
      received_us: this.clock.now(),
      reason,
    });
  }

  /** The process ends, and another begins `after_s` later; what happens between is not received. */
  async restart(after_s: number): Promise<void> {
    await this.worker.close();
    await this.writer.flush();
    const now_us = this.clock.now() + after_s * 1e6;
    this.clock.advanceTo(now_us);
    while (this.#at < this.events.length && this.events[this.#at]!.ts_us < now_us) this.#at++;
    this.worker = this.#begin();
  }

  async close(): Promise<void> {
    await this.worker.close();
    await this.writer.close();
  }

  async #deliver(event: MarketEvent, at_us: number): Promise<void> {
    await this.#moveTo(at_us);
    // No two frames are read at the same microsecond.
    this.clock.advance(0.001);
    this.worker.onEvent({ ...event, received_us: this.clock.now() } as MarketEvent);
    // A look-back is fetched while the clock does not move: what is received by then is received then.
    while (this.worker.lane.holding) {
      await new Promise((done) => setTimeout(done, 1));
      this.clock.advance(this.rest_history && this.#heads > 0 ? 50 : 0.001);
    }
  }

  /** In steps, as the service looks at its clock. */
  async #moveTo(time_us: number): Promise<void> {
    while (this.clock.now() + 100_000 < time_us) {
      this.clock.advance(100);
      this.worker.onTime();
    }
    if (time_us > this.clock.now()) this.clock.advanceTo(time_us);
    this.worker.onTime();
  }

  #begin(): SymbolWorker {
    const { symbol, clock, writer } = this;
    const known = (): TradeEvent[] => {
      if (!this.rest_answers) throw new TypeError("expected an answer, had none");
      const received_us = clock.now();
      return this.#trades
        .filter((trade) => trade.ts_us <= received_us - DELAY_US && !this.rest_lacks(trade))
        .map((trade) => ({ ...trade, received_us }));
    };
    const rest: ReturnType<SymbolWorkerOptions["rest"]> = {
      depth: async () => Promise.reject(new TypeError("no book here")) as Promise<DepthSnapshotEvent>,
      trades: async (_, limit) => {
        this.#heads++;
        return known().slice(-limit);
      },
      historicalTrades: async (_, from_id, limit) => {
        await this.rest_history;
        return known()
          .filter(({ trade_id }) => trade_id >= from_id)
          .slice(0, limit);
      },
      tradesBetween: async function* (_, from, to) {
        yield known().filter(({ trade_id }) => trade_id >= from && trade_id <= to);
      },
      serverTime: async () => clock.now(),
    };
    return new SymbolWorker({
      ...{ symbol, sets: this.#sets, streams: ["trade", "bestBidAsk"], writer, clock },
      rest: () => rest,
      roster: { champion: new ModelSlot(new ZeroModel(v1), silentLogger), beside: [] },
      signals: readConfig({}),
      history: () => this.#queries,
      log: silentLogger,
      ...{ grace_ms: 250, deadline_ms: 100, interval_ms: 1_000, fallback: false },
      onPrediction: () => {},
      onOutcome: () => {},
    });
  }
}
