/**
 * A lane while it runs: every event judged, then folded into its second; seconds closed in order, each once. What it
 * is held back from, and until when, is `lane.ts`.
 */

import { LIMITS } from "../../base/limits.ts";
import type { Steps } from "../../base/turns.ts";
import { type Micros, secondOf, startOf, type TradeId, type UnixSec, unixSec } from "../../base/units.ts";
import { Belief } from "../../binance/belief/belief.ts";
import type { Row } from "../../binance/belief/stream_checks.ts";
import type {
  DepthDiffEvent,
  DisconnectEvent,
  MarketEvent,
  QuoteEvent,
  SetAside,
  StreamName,
} from "../../binance/events.ts";
import { TradeLedger } from "../../binance/trade_ledger.ts";
import type { BookSums } from "../../features/algebra/columns.ts";
import { mergeLookBacks, warmUpMaxSeconds } from "../../features/algebra/look_back.ts";
import { FeatureEngine } from "../../features/live/engine.ts";
import { BookSeconds } from "./book_seconds.ts";
import { LaneBreaks } from "./breaks.ts";
import { Changeover } from "./changeover.ts";
import { type LookBack, ofOneNumbering, type Prepared } from "./look_back.ts";
import { LaneMemory } from "./memory.ts";
import type { LaneOptions } from "./options.ts";
import type { LaneCounters, Released } from "./output.ts";
import type { RememberedTrade } from "./recent_trades.ts";
import { SecondCloser } from "./second_closer.ts";
import type { SinceHold } from "./since_hold.ts";
import { type LaneState, LaneTrades } from "./trades.ts";

const STREAM_OF = {
  trade: "trade",
  quote: "bestBidAsk",
  depth_diff: "depth",
  depth_snapshot: "depth20",
} as const;

export class LaneRun {
  readonly ledger = new TradeLedger();
  readonly belief: Belief;
  readonly breaks: LaneBreaks;
  readonly #options: LaneOptions;
  readonly #counters: LaneCounters;
  readonly #closer: SecondCloser<StreamName>;
  readonly #book_seconds: BookSeconds;
  readonly #memory: LaneMemory;
  readonly #trades: LaneTrades;
  readonly #changeover: Changeover;
  readonly #state: LaneState;
  #diff_epoch = 0;

  constructor(options: LaneOptions, counters: LaneCounters) {
    const { symbol, sets, streams, grace_ms, book, bookPrice, output } = options;
    this.#options = options;
    this.#counters = counters;
    this.#memory = new LaneMemory(
      symbol,
      warmUpMaxSeconds(mergeLookBacks(sets.map(({ look_back }) => look_back))),
    );
    this.#book_seconds = new BookSeconds(book);
    this.belief = new Belief({
      ...{ streams, ledger: this.ledger },
      ...(bookPrice ? { book: bookPrice } : undefined),
      output: {
        believed: (row) => this.#onBelieved(row),
        setAside: (row, reason) => this.#onSetAside(row, reason),
        timeDoubted: () => output.timeDoubted(),
      },
    });
    this.#closer = new SecondCloser({ streams, grace_ms, clock: this.belief.time.clock });
    const engine = new FeatureEngine({ symbol, sets });
    this.#state = { engine, since: undefined, next_sec: undefined };
    this.breaks = new LaneBreaks({
      ...{ counters, memory: this.#memory, output },
      engine: () => this.#state.engine,
      since: () => this.#state.since,
      firstOpenUs: () => (this.#state.next_sec === undefined ? 0 : startOf(this.#state.next_sec)),
    });
    const shared = {
      ...{ state: this.#state, counters, memory: this.#memory },
      ...{ ledger: this.ledger, breaks: this.breaks },
    };
    this.#trades = new LaneTrades({ ...shared, belief: this.belief, output });
    this.#changeover = new Changeover({
      ...{ ...shared, symbol, sets, book_seconds: this.#book_seconds, trades: this.#trades },
      stamp: (trade) => this.belief.stamp(trade),
    });
  }

  take(event: MarketEvent): void {
    if (event.kind === "disconnect") this.#onDisconnect(event);
    // A REST snapshot has no time and closes nothing; the book's owner takes it where it was asked for.
    else if (event.ts_us > 0) this.belief.take(event);
  }

  onTime(now_us: Micros): void {
    this.belief.onTime(now_us);
    this.#closeThrough(this.#closer.closedByClock(now_us));
  }

  /** When `onTime` has something to do next (wall clock, µs); ∞ while nothing is open. */
  get clockDeadline(): number {
    const waiting_us = this.belief.deadline_us;
    if (this.#state.next_sec === undefined) return waiting_us;
    return Math.min(waiting_us, this.#closer.clockDeadline(this.#state.next_sec));
  }

  /** The trades it keeps, below `before_id` where that is given; ascending by id. */
  remembered(before_id?: TradeId): Iterable<RememberedTrade> {
    return this.#memory.trades.before(before_id);
  }

  get rememberedBreaks(): readonly DisconnectEvent[] {
    return this.#memory.breaks();
  }

  /** What has been kept for a look-back to come; undefined where nothing is. */
  get since(): SinceHold | undefined {
    return this.#state.since;
  }

  /** Keeps what it takes from now on in `since`; undefined: keeps nothing from now on. */
  keep(since: SinceHold | undefined): void {
    this.#state.since = since;
  }

  /** See `Changeover`. */
  coveredBreaks(lookBack: LookBack): DisconnectEvent[] {
    return this.#changeover.coveredBreaks(lookBack);
  }

  prepare(lookBack: LookBack, begunUs: () => Micros | undefined): Steps<Prepared | undefined> {
    return this.#changeover.prepare(lookBack, begunUs);
  }

  rebuild(lookBack: LookBack, begun_us: Micros | undefined, prepared: Prepared | undefined): void {
    this.#changeover.rebuild(lookBack, begun_us, prepared);
  }

  swap(lookBack: LookBack, since: SinceHold, prepared: Prepared | undefined): Released {
    return this.#changeover.swap(lookBack, since, prepared);
  }

  #onBelieved(row: Row): void {
    const { time } = this.belief;
    if (time.stepped) this.breaks.onTimeStep(row, time.takeStep());
    const trades_known_us = (row.kind === "trade" ? this.breaks.trades_known_us : 0) as Micros; // an event's time
    const ended = this.breaks.onBelieved(row);
    this.#reach(secondOf(row.ts_us));
    if (row.kind === "trade") this.#trades.onTrade(row, trades_known_us, ended);
    else {
      if (ended.length > 0) for (const event of ended) this.breaks.end(event, false);
      if (row.kind === "quote") this.#onQuote(row);
      else if (row.kind === "depth_diff") this.#onDiff(row);
    }
    this.#closer.observe(STREAM_OF[row.kind], row.ts_us, row.received_us);
    this.#closeThrough(this.#closer.closedByEvents());
  }

  #onSetAside(row: Row, reason: SetAside): void {
    if (row.kind === "trade") this.#options.output.trade(row, false, reason);
    else if (row.kind === "quote") this.#options.output.quote(row, false, reason);
    this.breaks.onSetAside(row, reason);
  }

  /** Begins at the first event's second, and with a fresh engine after an outage too long to close second by second. */
  #reach(sec: UnixSec): void {
    if (this.#state.next_sec === undefined) this.#state.next_sec = sec;
    if (sec - this.#state.next_sec <= LIMITS.close_jump_s_max) return;
    this.#counters.seconds_leapt += sec - this.#state.next_sec;
    this.#state.engine = new FeatureEngine({ symbol: this.#options.symbol, sets: this.#options.sets });
    this.#state.since = undefined;
    this.#state.next_sec = sec;
  }

  #onQuote(event: QuoteEvent): void {
    const late = !this.#state.engine.onQuote(event);
    this.#counters.quotes++;
    if (late) this.#counters.quotes_late++;
    else this.#memory.quote(event);
    this.#state.since?.quote(event, late);
    this.#options.output.quote(event, late);
  }

  #onDiff(event: DepthDiffEvent): void {
    // Updates of another numbering follow none of before: the book is fetched again.
    if (event.epoch !== this.#diff_epoch) this.#book_seconds.onBreak();
    this.#diff_epoch = event.epoch;
    this.#book_seconds.onDiff(event, this.#state.next_sec!, this.#takeBook);
  }

  readonly #takeBook = (sec: UnixSec, sums: BookSums): boolean => {
    const open = this.#state.engine.onBook(sec, sums);
    if (open) this.#options.output.bookSums(sec, sums);
    return open;
  };

  #onDisconnect(event: DisconnectEvent): void {
    const { stream = "all" } = event;
    if (stream === "all") {
      this.belief.disconnected();
      this.#closer.disconnected();
    }
    if (stream === "all" || stream === "depth") this.#book_seconds.onBreak();
    this.breaks.notice(event);
  }

  #closeThrough(sec: number): void {
    if (this.#state.next_sec === undefined) return;
    while (this.#state.next_sec <= sec) {
      const closing = this.#state.next_sec;
      this.belief.beforeClose(closing);
      // Rows decided now may have closed it themselves.
      if (this.#state.next_sec > closing) continue;
      this.#book_seconds.onClose(closing, this.#takeBook);
      this.#state.next_sec = unixSec(closing + 1);
      const vectors = this.#state.engine.closeSecond(closing);
      this.#counters.seconds_closed++;
      this.#options.output.closed({
        symbol: this.#options.symbol,
        ts_sec: this.#state.next_sec,
        vectors,
        mid_sum_e8: this.#state.engine.midSumAsOf(this.#state.next_sec),
        close_e8: this.#state.engine.close_e8,
        newest_event_us: this.#state.engine.newest_event_us,
        broken: this.breaks.reason,
        open_breaks: this.breaks.open,
        doubted: this.breaks.doubted,
      });
    }
  }

  /** The look-back without trades of a numbering that no event has told of yet. */
  ofThisNumbering(lookBack: LookBack): LookBack {
    const id = this.ledger.highest;
    const { ts_us } = this.belief.numbering.trade;
    return ofOneNumbering(lookBack, id === undefined ? undefined : { id, ts_us });
  }
}
