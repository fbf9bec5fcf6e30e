/** One symbol's worker on a clock moved by hand, at an exchange and a database that answer what a test says. */

import { ManualClock } from "../../../src/base/clock.ts";
import { readConfig } from "../../../src/base/config.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { type Micros, micros, priceE8, qtyE8, tradeId, updateId } from "../../../src/base/units.ts";
import type {
  DepthDiffEvent,
  DepthSnapshotEvent,
  DisconnectEvent,
  MarketEvent,
  QuoteEvent,
  TradeEvent,
} from "../../../src/binance/events.ts";
import type { FeatureSet } from "../../../src/features/sets/feature_set.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import type { FeatureVector } from "../../../src/features/vector.ts";
import type { Model } from "../../../src/model/model.ts";
import { ModelSlot } from "../../../src/model/model_slot.ts";
import { ZeroModel } from "../../../src/model/zero_model.ts";
import type { Prediction } from "../../../src/predict/prediction.ts";
import type { FillHistory } from "../../../src/record/fill_history.ts";
import { SymbolWorker, type SymbolWorkerOptions } from "../../../src/system/symbol/symbol_worker.ts";

const symbol = "BTCUSDT";
/** A round five-minute boundary. */
export const START_SEC = 1_700_000_100;
const START_US = START_SEC * 1_000_000;
/** How long an event is on its way (µs). */
const DELAY_US = 5_000;

const levels = (price: number) => Float64Array.of(price * 1e8, 1e8);
const times = (offset_ms: number) => ({
  ts_us: micros(START_US + offset_ms * 1_000),
  received_us: micros(START_US + offset_ms * 1_000 + DELAY_US),
});

export function diff(id: number, offset_ms = 0): DepthDiffEvent {
  const ids = { first_update_id: updateId(id), last_update_id: updateId(id) };
  return {
    kind: "depth_diff",
    symbol,
    epoch: 0,
    ...times(offset_ms),
    ...ids,
    bids: levels(100),
    asks: levels(101),
  };
}

function snapshot(id: number): DepthSnapshotEvent {
  const at = { ts_us: micros(0), received_us: micros(START_US) };
  return {
    kind: "depth_snapshot",
    symbol,
    update_id: updateId(id),
    ...at,
    bids: levels(100),
    asks: levels(101),
  };
}

/** The market trades twice a second; the trade with id n comes at n · 500 ms, ids below 0 before the start. */
export function trade(n: number): TradeEvent {
  return {
    ...{ kind: "trade", symbol, epoch: 0, ...times(n * 500) },
    trade_id: tradeId(1_000_000 + n),
    price_e8: priceE8((100 + (((n % 7) + 7) % 7)) * 1e8),
    qty_e8: qtyE8(1e8),
    is_buyer_maker: n % 2 === 0,
  };
}

export function quote(n: number): QuoteEvent {
  return {
    ...{ kind: "quote", symbol, epoch: 0, ...times(n * 500 + 100), update_id: updateId(5_000_000 + n) },
    bid_price_e8: priceE8(100e8),
    bid_qty_e8: qtyE8(2e8),
    ask_price_e8: priceE8(101e8),
    ask_qty_e8: qtyE8(1e8),
  };
}

export function disconnect(offset_ms: number): DisconnectEvent {
  return { kind: "disconnect", symbol, ...times(offset_ms), reason: "cut" };
}

/** Trades and quotes of [from, to) half seconds. */
export const market = (from: number, to: number): MarketEvent[] =>
  Array.from({ length: to - from }, (_, i) => [trade(from + i), quote(from + i)]).flat();

/** Turns of the loop the longest look-back here takes. */
const SLICES_MAX = 400;

const never = <T>(): Promise<T> => new Promise(() => {});

/** Everything that only waits for promises has happened. */
export async function settled(turns = 30): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

export interface BenchOptions {
  readonly model?: Model;
  readonly deadline_ms?: number;
  readonly sets?: readonly FeatureSet[];
  /** Scored beside the model; read at every tick. */
  readonly beside?: readonly ModelSlot[];
}

export class WorkerBench {
  readonly clock = new ManualClock(START_US);
  readonly vectors: { readonly vector: FeatureVector; readonly closed_us: Micros }[] = [];
  readonly predictions: Prediction[] = [];
  readonly breaks: { readonly event: DisconnectEvent; readonly filled: boolean }[] = [];
  readonly trades: number[] = [];
  readonly asked: string[] = [];
  readonly defects: unknown[] = [];
  readonly worker: SymbolWorker;
  /** "answers", or "hangs": a request is never answered unless it is cancelled. */
  rest: "answers" | "hangs" | "fails" = "answers";
  database: "answers" | "hangs" | "fails" | "not open" = "answers";
  /** Book snapshots, one a question. */
  snapshots: number[] = [];
  /** Requests that were cancelled. */
  cancelled = 0;

  constructor(options: BenchOptions = {}) {
    const { beside = [] } = options;
    const history = this.#history();
    this.worker = new SymbolWorker({
      ...{ symbol, sets: options.sets ?? [v1], streams: ["trade", "bestBidAsk"] },
      ...{ clock: this.clock, log: silentLogger },
      ...{ grace_ms: 250, deadline_ms: options.deadline_ms ?? 100, interval_ms: 1_000, fallback: false },
      roster: {
        champion: new ModelSlot(options.model ?? new ZeroModel(v1), silentLogger),
        get beside() {
          return beside;
        },
      },
      rest: (signal) => this.#rest(signal),
      signals: readConfig({}),
      writer: {
        ...{ quote() {}, book() {}, outcome() {}, signal() {}, lookBack() {} },
        trade: ({ trade_id }) => void this.trades.push(trade_id - 1_000_000),
        disconnect: (event, filled_us) => void this.breaks.push({ event, filled: filled_us !== undefined }),
        features: (vector, closed_us) => void this.vectors.push({ vector, closed_us }),
        prediction: (prediction) => void this.predictions.push(prediction),
        flush: () => this.#stored(undefined),
      },
      history: () => (this.database === "not open" ? undefined : history),
      onPrediction: () => {},
      onOutcome: () => {},
      onDefect: (error) => this.defects.push(error),
    });
  }

  /** Plays events at the times they come, the clock looked at every 10 ms, promises settled in between. */
  async play(
    events: readonly MarketEvent[],
    pass: (event: MarketEvent) => boolean = () => true,
  ): Promise<void> {
    for (const event of events) {
      await this.moveTo(event.received_us);
      if (pass(event)) this.worker.onEvent(event);
      await settled(1);
      // A look-back is taken in slices: they cost turns of the loop, and no time of this clock.
      for (let turn = 0; turn < SLICES_MAX && this.worker.warm_up.pending; turn++) await settled(1);
    }
  }

  async moveTo(time_us: number): Promise<void> {
    while (this.clock.now() + 10_000 < time_us) {
      this.clock.advance(10);
      this.worker.onTime();
      await Promise.resolve();
    }
    if (time_us > this.clock.now()) this.clock.advanceTo(time_us);
    this.worker.onTime();
  }

  /** Times warm vectors begin and end being emitted (s from the start). */
  get warm(): number[] {
    return this.vectors.filter(({ vector }) => vector.warm).map(({ vector }) => vector.ts_sec - START_SEC);
  }

  #rest(signal: AbortSignal): ReturnType<SymbolWorkerOptions["rest"]> {
    const answer = <T>(what: string, value: () => T): Promise<T> => {
      this.asked.push(what);
      if (this.rest === "fails") return Promise.reject(new TypeError("no answer"));
      if (this.rest === "answers") return Promise.resolve().then(value);
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          this.cancelled++;
          reject(new TypeError("cancelled"));
        }),
      );
    };
    const known = (): TradeEvent[] => {
      const newest = Math.floor((this.clock.now() - DELAY_US - START_US) / 500_000);
      return Array.from({ length: 1_600 }, (_, i) => trade(newest - 1_599 + i));
    };
    return {
      depth: () =>
        answer("depth", () => {
          const id = this.snapshots.shift();
          if (id === undefined) throw new TypeError("no answer");
          return snapshot(id);
        }),
      serverTime: () => answer("serverTime", () => micros(this.clock.now() - DELAY_US)),
      trades: (_, limit) => answer("trades", () => known().slice(-limit)),
      historicalTrades: (_, from_id, limit) =>
        answer("historicalTrades", () =>
          known()
            .filter(({ trade_id }) => trade_id >= from_id)
            .slice(0, limit),
        ),
      tradesBetween: (_, from, to) => {
        const pages = () => known().filter(({ trade_id }) => trade_id >= from && trade_id <= to);
        const read = () => answer("tradesBetween", pages);
        return (async function* () {
          yield await read();
        })();
      },
    };
  }

  #stored<T>(value: T): Promise<T> {
    if (this.database === "hangs") return never();
    if (this.database !== "answers") return Promise.reject(new TypeError("no database"));
    return Promise.resolve(value);
  }

  #history(): FillHistory {
    const rows = <T>(): AsyncGenerator<T> => {
      const wait = (): Promise<undefined> => this.#stored(undefined);
      return (async function* () {
        await wait();
        yield* [] as T[];
      })();
    };
    return {
      tradesSince: () => rows(),
      absentTrades: async () => [],
      quotesSince: () => rows(),
      lastQuote: () => this.#stored(undefined),
      lastTrade: () => this.#stored(undefined),
      lastVectorAt: () => this.#stored(undefined),
      disconnectsSince: () => this.#stored([]),
    };
  }
}
