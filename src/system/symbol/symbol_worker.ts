/**
 * One symbol's way from an event off the wire to a prediction stored and shown. It only routes: the lane closes
 * seconds, the warm-up fetches look-backs, the book sync keeps the book, the predictor forecasts. Symbols share
 * the connection and the database, nothing else.
 */

import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { type Micros, US_PER_MS, US_PER_SEC } from "../../base/units.ts";
import type { MarketEvent, StreamName } from "../../binance/events.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import type { Roster } from "../../model/roster.ts";
import type { Calibrations } from "../../predict/calibrations.ts";
import { Ladder } from "../../predict/ladder/ladder.ts";
import type { TickerReading } from "../../predict/ladder/ticker.ts";
import type { Lane } from "../../predict/lane/lane.ts";
import type { ClosedSecond, LaneOutput } from "../../predict/lane/output.ts";
import { LiveState } from "../../predict/live_state.ts";
import { OutcomeJoiner } from "../../predict/outcomes.ts";
import type { Outcome, Prediction } from "../../predict/prediction.ts";
import { Predictor } from "../../predict/predictor.ts";
import { QualityMinutes } from "../../predict/quality_minutes.ts";
import type { FillHistory } from "../../record/fill_history.ts";
import type { Publisher } from "../../record/redis/publisher.ts";
import type { Writer } from "../../record/write/writer.ts";
import { type LiveSignalSettings, LiveSignals } from "../../signal/live_signals.ts";
import { type BookRest, BookSync } from "./book_sync.ts";
import type { Tickers } from "./tickers.ts";
import type { WarmUpRest } from "./warm_up.ts";
import { USUAL_PARTS, type WorkerParts, type WorkerWarmUp } from "./worker_parts.ts";

export interface SymbolWorkerOptions {
  readonly symbol: string;
  readonly sets: readonly FeatureSet[];
  readonly streams: readonly StreamName[];
  readonly grace_ms: number;
  readonly deadline_ms: number;
  readonly interval_ms: number;
  /** Whether something stands in for what a forecast is missing. */
  readonly fallback: boolean;
  readonly roster: Roster;
  readonly signals: LiveSignalSettings;
  /** A view of REST whose requests end when the signal is aborted. */
  readonly rest: (signal: AbortSignal) => WarmUpRest & BookRest;
  /** Asked for the exchange's ticker; undefined where nobody is. */
  readonly tickers?: Pick<Tickers, "want"> | undefined;
  readonly writer: Omit<Writer, "stats" | "queue_depth" | "drained" | "close" | "through" | "secure">;
  /** Gives on what happens to Redis; undefined where that is off. */
  readonly publisher?: Pick<Publisher, "event" | "vector" | "prediction" | "outcome"> | undefined;
  /** Undefined while the database is not open. */
  readonly history: () => FillHistory | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onPrediction: (prediction: Prediction) => void;
  readonly onOutcome: (outcome: Outcome) => void;
  /** A broken invariant: this symbol takes no further event. Called once. */
  readonly onDefect?: (error: Error) => void;
  /** Where a capture or a replay stands between the parts. */
  readonly parts?: WorkerParts | undefined;
}

/** A change of the wall clock between two looks that is no drift (µs). */
const CLOCK_STEP_US = 100 * US_PER_MS;

export class SymbolWorker implements LaneOutput {
  readonly symbol: string;
  readonly lane: Lane;
  readonly book: BookSync;
  readonly warm_up: WorkerWarmUp;
  readonly state: LiveState;
  /** Holds the models its ticks are scored by. */
  readonly roster: Roster;
  readonly predictor: Predictor;
  /** What its forecasts are worth. */
  readonly calibrations: Calibrations;
  /** How good they have been. */
  readonly quality = new QualityMinutes((choice) => this.state.predictions.of(choice));
  /** What one would do about them. */
  readonly signals: LiveSignals;
  readonly #outcomes = new OutcomeJoiner();
  readonly #ladder: Ladder | undefined;
  readonly #options: SymbolWorkerOptions;
  readonly #parts: WorkerParts;
  #failure: string | undefined;
  /** Wall clock minus monotonic clock (µs). */
  #clock_lead_us: number;
  #progress_us: number | undefined;

  constructor(options: SymbolWorkerOptions) {
    const { symbol, sets, streams, grace_ms, roster, clock, log, rest, history, writer } = options;
    const { deadline_ms, interval_ms, parts = USUAL_PARTS } = options;
    const guarded = (run: () => void): void => this.#guarded(run);
    this.#options = options;
    this.#parts = parts;
    this.calibrations = parts.calibrations();
    this.#clock_lead_us = clock.now() - clock.monotonicUs();
    this.symbol = symbol;
    this.roster = roster;
    this.state = new LiveState(symbol);
    this.signals = new LiveSignals(options.signals, (row) => writer.signal(row));
    const onSnapshot = parts.snapshot.bind(parts);
    this.book = new BookSync({ symbol, rest, clock, log, guarded, onSnapshot });
    this.lane = parts.lane({
      symbol,
      sets,
      streams,
      grace_ms,
      book: this.book,
      output: this,
      bookPrice: () => this.book.price(),
    });
    this.warm_up = parts.warmUp({
      ...{ symbol, sets, slot: roster.champion, rest, history, writer, clock, log, guarded },
      lane: this.lane,
    });
    const onPrediction = (prediction: Prediction, weighed: boolean): void =>
      this.#onPrediction(prediction, weighed);
    const onTicker = (reading: TickerReading): void => this.onTicker(reading);
    this.#ladder = options.fallback
      ? new Ladder({ wantTicker: () => options.tickers?.want(symbol, onTicker) })
      : undefined;
    const exchangeTime = (now_us: Micros): number => this.lane.exchangeTime(now_us);
    this.predictor = new Predictor({
      ...{ roster, clock, log, deadline_ms, grace_ms, interval_ms, onPrediction, exchangeTime },
      ladder: this.#ladder,
      worth: (forecast) => this.calibrations.of(forecast),
      times: parts.times({ clock, deadline_ms, grace_ms, exchangeTime }),
    });
    parts.begun(this);
  }

  /** Why this symbol has stopped after an internal error; undefined while it works. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** When a second last closed, or the first event came (monotonic µs); undefined before. */
  get progress_us(): number | undefined {
    return this.#progress_us;
  }

  onEvent(event: MarketEvent): void {
    this.#progress_us ??= this.#options.clock.monotonicUs();
    if (this.#failure !== undefined) return;
    try {
      this.state.onEvent(event);
      if (event.kind === "depth_diff") this.#options.publisher?.event(event);
      this.warm_up.onEvent(event);
      this.lane.onEvent(event);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Closes what the wall clock has ended. */
  onTime(): void {
    const now_us = this.#options.clock.now();
    this.#followClock(now_us);
    if (now_us >= this.lane.clockDeadline) this.#guarded(() => this.lane.onTime(now_us));
  }

  /** The wall clock may be set; the monotonic one shows by how much. */
  #followClock(now_us: number): void {
    const lead_us = now_us - this.#options.clock.monotonicUs();
    const stepped_us = lead_us - this.#clock_lead_us;
    if (Math.abs(stepped_us) > CLOCK_STEP_US) {
      const stepped_s = stepped_us / US_PER_SEC;
      this.#options.log.warn({ symbol: this.symbol, stepped_s }, "the local clock was set");
      this.lane.onClockStep(stepped_us);
    }
    this.#clock_lead_us = lead_us;
  }

  #guarded(run: () => void): void {
    if (this.#failure !== undefined) return;
    try {
      run();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#failure = describeError(error);
    this.#options.log.fatal({ symbol: this.symbol, error: this.#failure }, "stopped after an internal error");
    this.#options.onDefect?.(error instanceof Error ? error : new Error(String(error)));
  }

  /** The exchange's ticker, wanted by a forecast that had nothing better. */
  onTicker(reading: TickerReading): void {
    this.#guarded(() => {
      this.#parts.ticker(reading);
      this.#ladder?.onTicker(reading);
    });
  }

  /** Waits for ticks under way; nothing comes out afterwards but what was decided before. */
  async close(): Promise<void> {
    this.book.close();
    await this.warm_up.close();
    await this.predictor.idle();
  }

  // The lane's output.

  trade: LaneOutput["trade"] = (event, late, set_aside) => {
    if (set_aside === undefined) {
      this.state.onTrade(event);
      this.#options.publisher?.event(event);
    }
    this.#options.writer.trade(event, late, set_aside);
  };

  quote: LaneOutput["quote"] = (event, late, set_aside) => {
    if (set_aside === undefined) {
      this.state.onQuote(event);
      this.book.onQuote(event);
      this.#options.publisher?.event(event);
    }
    this.#options.writer.quote(event, late, set_aside);
  };

  disconnect: LaneOutput["disconnect"] = (event) => {
    this.state.onBreak(event);
    this.#options.writer.disconnect(event);
    for (const outcome of this.#outcomes.onDisconnect(event)) this.#onOutcome(outcome);
    const { symbol, stream, reason } = event;
    this.#options.log.warn({ symbol, stream, reason }, "a break in the data");
  };

  breakEnded: LaneOutput["breakEnded"] = (event, complete) => {
    this.#options.writer.disconnect(event, complete ? this.#options.clock.now() : undefined);
  };

  timeDoubted(): void {
    void this.#askTime();
  }

  bookSums: LaneOutput["bookSums"] = (sec, sums) => this.#options.writer.book(this.symbol, sec, sums);

  closed(second: ClosedSecond): void {
    this.#progress_us = this.#options.clock.monotonicUs();
    this.state.vector = second.vectors[0] ?? this.state.vector;
    this.state.newest_event_us = second.newest_event_us;
    const closed_at_us = this.#options.clock.now();
    for (const vector of second.vectors) this.#options.writer.features(vector, closed_at_us);
    const [vector] = second.vectors;
    if (vector) {
      const age_us = this.lane.exchangeTime(closed_at_us) - vector.ts_sec * US_PER_SEC;
      this.#options.publisher?.vector({ vector, closed_at_us, age_us });
    }
    for (const outcome of this.#outcomes.onClosed(second)) this.#onOutcome(outcome);
    this.predictor.onClosed(second);
  }

  fillWanted(reason: string): void {
    this.warm_up.want(reason);
  }

  /** Never rejects: where the exchange does not answer, the lane uses the local clock. */
  async #askTime(): Promise<void> {
    const { clock, log, symbol } = this.#options;
    log.warn({ symbol }, "the streams' times run ahead of the local clock: asking for the server's time");
    const cut = new AbortController();
    const answer = withDeadline(this.#options.rest(cut.signal).serverTime(), {
      ...{ clock, limit: "server_time_ms_max", what: "the exchange's server time" },
      onGivenUp: () => cut.abort(),
    });
    const server_us = await answer.catch(() => undefined);
    this.#guarded(() => this.lane.onServerTime(server_us, clock.now()));
  }

  #onPrediction(prediction: Prediction, weighed: boolean): void {
    this.#parts.prediction(prediction);
    this.state.predictions.add(prediction);
    this.#options.writer.prediction(prediction);
    this.#options.publisher?.prediction(prediction);
    this.#options.onPrediction(prediction);
    const outcome = this.#outcomes.onPrediction(prediction);
    if (outcome) this.#onOutcome(outcome);
    this.signals.onPrediction(prediction, this.state.last_quote, weighed);
  }

  /** An outcome that the store has joined. */
  onStoredOutcome(outcome: Outcome): void {
    this.#parts.storedOutcome(outcome);
    this.#onOutcome(outcome);
  }

  /** The outcome of a prediction, from the lane or the store. */
  #onOutcome(outcome: Outcome): void {
    const joined = this.state.predictions.settle(outcome);
    if (joined) this.calibrations.learn(joined);
    this.#options.writer.outcome(outcome);
    this.#options.publisher?.outcome(outcome);
    this.#options.onOutcome(outcome);
  }
}
