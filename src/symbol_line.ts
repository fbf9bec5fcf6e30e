/**
 * One symbol's whole way, from an event off the wire to a prediction stored and shown. Symbols share the
 * connection and the database, nothing else: one that stumbles does not stop another.
 */

import type { Clock, Timer } from "./base/clock.ts";
import { describeError } from "./base/errors.ts";
import type { Logger } from "./base/log.ts";
import { type Micros, micros, secondOf, startOf, type UnixSec, unixSec } from "./base/units.ts";
import type { DepthDiffEvent, DepthSnapshotEvent, MarketEvent, StreamName } from "./binance/events.ts";
import type { RestClient } from "./binance/rest.ts";
import { BookSequencer } from "./book/sequencer.ts";
import { TouchCheck } from "./book/touch_check.ts";
import type { BookSums } from "./features/columns.ts";
import { lookBackStart } from "./features/look_back.ts";
import type { FeatureSet } from "./features/set.ts";
import type { ModelSlot } from "./model/model_slot.ts";
import { sumsAt } from "./predict/book_seconds.ts";
import { type ClosedSecond, Lane, type LaneOutput } from "./predict/lane.ts";
import { LiveState } from "./predict/live_state.ts";
import type { LookBack } from "./predict/look_back.ts";
import { OutcomeJoiner } from "./predict/outcomes.ts";
import type { Outcome, Prediction } from "./predict/prediction.ts";
import { Predictor } from "./predict/predictor.ts";
import { type FillHistory, type FillRest, fetchLookBack } from "./record/fill.ts";
import { SERVICE_STARTED } from "./record/market_rows.ts";
import type { Writer } from "./record/writer.ts";

export interface SymbolLineOptions {
  readonly symbol: string;
  readonly sets: readonly FeatureSet[];
  readonly streams: readonly StreamName[];
  readonly grace_ms: number;
  readonly deadline_ms: number;
  readonly interval_ms: number;
  readonly slot: ModelSlot;
  readonly rest: FillRest & Pick<RestClient, "depth" | "serverTime">;
  readonly writer: Omit<Writer, "stats" | "queue_depth" | "drained" | "close">;
  readonly history: FillHistory;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onPrediction: (prediction: Prediction) => void;
  readonly onOutcome: (outcome: Outcome) => void;
}

/** Levels a side asked of REST for the book. */
const SNAPSHOT_LEVELS = 1_000;
/** Snapshots asked for one after the other before there is a wait between them. */
const SNAPSHOTS_AT_ONCE = 3;
/** Wait before a failed fill or snapshot is tried again. */
const RETRY_MS = 5_000;

export class SymbolLine implements LaneOutput {
  readonly symbol: string;
  readonly lane: Lane;
  readonly book: BookSequencer;
  /** Whether the rebuilt book and the exchange's quotes agree. */
  readonly touch = new TouchCheck();
  readonly state: LiveState;
  /** Holds the model its ticks are scored by. */
  readonly slot: ModelSlot;
  readonly predictor: Predictor;
  readonly #outcomes = new OutcomeJoiner();
  readonly #options: SymbolLineOptions;
  /** Nothing of this process is older (local clock). */
  readonly #started_us: Micros;
  /** The look-back is to be filled as soon as events come. */
  #fill_wanted: string | undefined = "start";
  #filling: Promise<void> | undefined;
  #fetching_book = false;
  readonly #timers = new Set<Timer>();
  #closed = false;
  #failure: string | undefined;

  constructor(options: SymbolLineOptions) {
    const { symbol, sets, streams, grace_ms, slot, clock, log, deadline_ms, interval_ms } = options;
    this.#options = options;
    this.#started_us = clock.now();
    this.symbol = symbol;
    this.slot = slot;
    this.state = new LiveState(symbol);
    const bookAt = (update_id: number): BookSums | undefined => sumsAt(this.book, update_id);
    this.lane = new Lane({ symbol, sets, streams, grace_ms, sumsAt: bookAt, output: this });
    this.lane.hold();
    this.book = new BookSequencer({
      symbol,
      requestSnapshot: (_, attempt) => this.#askForBook(attempt),
      onUpdate: (book) => this.touch.onBook(book),
    });
    const onPrediction = (prediction: Prediction): void => this.#onPrediction(prediction);
    this.predictor = new Predictor({ slot, clock, log, deadline_ms, interval_ms, onPrediction });
  }

  /** Why this symbol has been given up; undefined while it works. */
  get failure(): string | undefined {
    return this.#failure;
  }

  onEvent(event: MarketEvent): void {
    this.#guarded(() => {
      this.state.onEvent(event);
      if (event.kind !== "disconnect" && this.#fill_wanted !== undefined) this.#startFill(this.#fill_wanted);
      this.lane.onEvent(event);
    });
  }

  /** Closes what the wall clock has ended. */
  onTime(): void {
    const now_us = this.#options.clock.now();
    if (now_us >= this.lane.clockDeadline) this.#guarded(() => this.lane.onTime(now_us));
  }

  /** A defect in one symbol's way ends that symbol, loudly, and no other. */
  #guarded(run: () => void): void {
    if (this.#failure !== undefined) return;
    try {
      run();
    } catch (error) {
      this.#failure = describeError(error);
      this.#options.log.fatal({ symbol: this.symbol, error: this.#failure }, "this symbol is given up");
    }
  }

  /** Waits for ticks under way; nothing comes out afterwards but what was decided before. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    await this.#filling;
    await this.predictor.idle();
  }

  // What the lane tells.

  trade: LaneOutput["trade"] = (event, late) => this.#options.writer.trade(event, late);
  quote: LaneOutput["quote"] = (event, late) => {
    this.touch.onQuote(event);
    this.#options.writer.quote(event, late);
  };

  disconnect: LaneOutput["disconnect"] = (event) => {
    this.#outcomes.onDisconnect(event);
    this.book.onDisconnect();
    this.touch.onDisconnect();
    this.#options.writer.disconnect(event);
    this.#options.log.warn({ symbol: event.symbol, reason: event.reason }, "the data breaks here");
  };

  depth(event: DepthDiffEvent | DepthSnapshotEvent): void {
    if (event.kind === "depth_diff") this.book.onDiff(event);
  }

  bookSums: LaneOutput["bookSums"] = (sec, sums) => this.#options.writer.book(this.symbol, sec, sums);

  closed(second: ClosedSecond): void {
    this.state.vector = second.vectors[0] ?? this.state.vector;
    const closed_at_us = this.#options.clock.now();
    for (const vector of second.vectors) this.#options.writer.features(vector, closed_at_us);
    for (const outcome of this.#outcomes.onClosed(second)) this.#onOutcome(outcome);
    this.predictor.onClosed(second);
  }

  fillWanted(reason: string): void {
    this.#fill_wanted ??= reason;
  }

  #onPrediction(prediction: Prediction): void {
    this.state.onPrediction(prediction);
    this.#options.writer.prediction(prediction);
    this.#options.onPrediction(prediction);
    const outcome = this.#outcomes.onPrediction(prediction);
    if (outcome) this.#onOutcome(outcome);
  }

  #onOutcome(outcome: Outcome): void {
    this.state.onOutcome(outcome);
    this.#options.writer.outcome(outcome);
    this.#options.onOutcome(outcome);
  }

  #startFill(reason: string): void {
    if (this.#filling || this.#closed) return;
    this.#fill_wanted = undefined;
    this.lane.hold();
    this.#filling = this.#fill(reason).finally(() => {
      this.#filling = undefined;
    });
  }

  async #fill(reason: string): Promise<void> {
    const { symbol, sets, slot, history, rest, clock, log } = this.#options;
    const started_us = clock.monotonicUs();
    try {
      // What was handed to the writer before the hold, or is left of an earlier run, must be in the database
      // before it is asked.
      await this.#flush();
      if (reason === "start") {
        await this.#markStart();
        await this.#flush();
      }
      const first = this.lane.firstHeld;
      const now_us = first && first.ts_us > 0 ? first.ts_us : await rest.serverTime();
      const sec = secondOf(now_us);
      const start = (wanted: readonly FeatureSet[]): UnixSec =>
        unixSec(Math.min(...wanted.map((set) => lookBackStart(set.look_back, sec))) - 1);
      // The model's set must be warm at once; the others may take their time where nothing is stored.
      const required_sec = start(sets.filter(({ name }) => name === slot.current.feature_set));
      const wanted_sec = start(sets);
      const firstLiveTrade = () => this.lane.firstHeldTrade();
      const span = { required_sec, wanted_sec, now_sec: sec };
      const lookBack = await fetchLookBack({ symbol, ...span, firstLiveTrade, history, rest, clock, log });
      if (!this.lane.holding) {
        log.warn({ symbol, reason }, "the look-back took too long, and the lane went on cold: trying again");
        this.#later(() => this.fillWanted("retry"));
        return;
      }
      this.lane.release(lookBack);
      this.#markFilled(lookBack);
      const took_ms = (clock.monotonicUs() - started_us) / 1_000;
      const complete = lookBack.complete_from_sec <= required_sec + 1;
      log.info({ symbol, reason, trades: lookBack.trades.length, complete, took_ms }, "look-back filled");
    } catch (error) {
      this.lane.release(undefined);
      log.error({ symbol, error: describeError(error) }, "the look-back could not be filled; going on cold");
      this.#later(() => this.fillWanted("retry"));
    }
  }

  #markFilled({ disconnects, complete_from_sec }: LookBack): void {
    const filled_us = this.#options.clock.now();
    for (const event of disconnects) {
      if (event.ts_us >= startOf(complete_from_sec)) this.#options.writer.disconnect(event, filled_us);
    }
  }

  async #flush(): Promise<void> {
    const { writer, log } = this.#options;
    await writer
      .flush()
      .catch((error: unknown) => log.warn({ error: describeError(error) }, "not all is written"));
  }

  /**
   * The run before this one ended here: its last quote stands no longer. Not before its last vector, which is
   * out and did not know of it.
   */
  async #markStart(): Promise<void> {
    const { symbol, history, writer } = this.#options;
    const ends = await Promise.all([history.lastQuote(symbol), history.lastVectorAt(symbol)]).catch(() => []);
    const ts_us = micros(Math.max(0, ends[0]?.ts_us ?? 0, ends[1] ?? 0));
    if (ts_us === 0) return;
    const received_us = this.#started_us;
    writer.disconnect({ kind: "disconnect", symbol, ts_us, received_us, reason: SERVICE_STARTED });
  }

  /** The first questions are asked at once; an exchange whose answers stay too old is given time. */
  #askForBook(attempt: number): void {
    if (attempt <= SNAPSHOTS_AT_ONCE) void this.#fetchBook();
    else this.#later(() => void this.#fetchBook());
  }

  async #fetchBook(): Promise<void> {
    if (this.#fetching_book || this.#closed) return;
    const { rest, log, symbol } = this.#options;
    try {
      this.#fetching_book = true;
      const answer = rest.depth(symbol, SNAPSHOT_LEVELS);
      // Over before the book sees the answer: one that is too old makes it ask again at once.
      const snapshot = await answer.finally(() => {
        this.#fetching_book = false;
      });
      this.book.onSnapshot(snapshot);
    } catch (error) {
      log.error({ symbol, error: describeError(error) }, "no book snapshot; asking again");
      this.#later(() => void this.#fetchBook());
    }
  }

  #later(run: () => void): void {
    if (this.#closed) return;
    const timer = this.#options.clock.after(RETRY_MS, () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
  }
}
