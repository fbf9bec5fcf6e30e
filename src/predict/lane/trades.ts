/**
 * The trades of a lane: each once, folded into its second; missing ids and another numbering are breaks. What a
 * look-back brings is learnt here too, so that held trades are known as duplicates.
 */

import type { Steps } from "../../base/turns.ts";
import type { Micros, UnixSec } from "../../base/units.ts";
import type { Belief } from "../../binance/belief/belief.ts";
import type { DisconnectEvent, TradeEvent } from "../../binance/events.ts";
import { FIRST_TRADE_ID, type TradeGap, type TradeLedger } from "../../binance/trade_ledger.ts";
import type { FeatureEngine } from "../../features/live/engine.ts";
import type { LaneBreaks } from "./breaks.ts";
import type { LookBack } from "./look_back.ts";
import type { LaneMemory } from "./memory.ts";
import type { LaneCounters, LaneOutput } from "./output.ts";
import type { SinceHold } from "./since_hold.ts";

/** What the parts of a running lane share. */
export interface LaneState {
  engine: FeatureEngine;
  /** What has been taken since the hold, where the lane goes on before its look-back has come. */
  since: SinceHold | undefined;
  /** The next second to close; undefined before the first event. */
  next_sec: UnixSec | undefined;
}

export interface LaneTradesParts {
  readonly ledger: TradeLedger;
  readonly belief: Belief;
  readonly breaks: LaneBreaks;
  readonly memory: LaneMemory;
  readonly counters: LaneCounters;
  readonly output: Pick<LaneOutput, "trade">;
  readonly state: LaneState;
}

/** Rows of a look-back learnt in one step. */
const LEARN_ROWS = 64;
/** Why the trades between two numberings are not known: the first of the new one did not come. */
export const RENUMBERED = "the exchange numbers its trades from the start again";

/** Why they are not known: the exchange's ids say that they were made. */
export const missingTrades = ({ from, to }: TradeGap): string => `trades ${from} to ${to} did not come`;

export class LaneTrades {
  readonly #parts: LaneTradesParts;
  #gaps_seen = 0;
  #epoch = 0;

  constructor(parts: LaneTradesParts) {
    this.#parts = parts;
  }

  /**
   * @param known_us the time up to which trades were known before it.
   * @param ended the breaks it ends.
   */
  onTrade(event: TradeEvent, known_us: Micros, ended: readonly DisconnectEvent[]): void {
    const { ledger, breaks, counters, state } = this.#parts;
    const renumbered = event.epoch !== this.#epoch;
    if (renumbered) this.#renumber(event.epoch);
    if (ledger.accept(event.trade_id) === "duplicate") {
      counters.trades_duplicate++;
      return;
    }
    const gap = ledger.counters.gaps > this.#gaps_seen ? ledger.missing().at(-1) : undefined;
    this.#gaps_seen = ledger.counters.gaps;
    // The first trade of a new numbering goes on from the last of the old one: the stream kept its order.
    const broken_off = renumbered && (ended.length > 0 || event.trade_id > FIRST_TRADE_ID);
    if (ended.length === 0 && !gap && !broken_off) {
      this.#fold(event);
      return;
    }
    for (const broken of ended) breaks.end(broken, broken.stream === "trade" && !gap && !renumbered);
    this.#fold(event);
    const was_silent = ended.some(({ stream }) => stream === "trade");
    if (gap && was_silent) state.since?.missing(ended, gap);
    if ((!gap && !renumbered) || was_silent) return;
    const reason = gap ? missingTrades(gap) : RENUMBERED;
    breaks.onTradesMissing(event, known_us, reason, gap);
  }

  #fold(event: TradeEvent): void {
    const late = !this.#parts.state.engine.onTrade(event);
    this.#parts.counters.trades++;
    if (late) {
      this.#parts.counters.trades_late++;
      this.#parts.memory.lateTrade(event);
    }
    this.#parts.memory.trades.add(event, late);
    this.#parts.state.since?.trade(event, late);
    this.#parts.output.trade(event, late);
  }

  /** What is kept by id does not connect to the new numbering. */
  #renumber(epoch: number): void {
    this.#epoch = epoch;
    this.#parts.memory.renumbered();
    this.#parts.state.since?.drop();
  }

  /** Records the look-back's trades, so that held ones are known as duplicates; new ones come out. */
  *learn({ earlier = [], trades, absent = [] }: LookBack): Steps<void> {
    const { belief, ledger, memory } = this.#parts;
    const newest = trades.at(-1)?.trade;
    if (newest) belief.learn(newest);
    const stamp = (trade: TradeEvent): TradeEvent => belief.stamp(trade);
    let rows = 0;
    // A lane that runs has had those of earlier numberings itself.
    for (const { trade, late } of ledger.highest === undefined ? earlier : []) {
      memory.trades.learn(trade, late);
      if (++rows % LEARN_ROWS === 0) yield LEARN_ROWS;
    }
    for (const { trade, late, stored, set_aside } of trades) {
      if (++rows % LEARN_ROWS === 0) {
        this.#learnt();
        yield LEARN_ROWS;
      }
      if (set_aside) {
        this.#parts.output.trade(stamp(trade), false, set_aside);
        continue;
      }
      if (this.#parts.ledger.accept(trade.trade_id) === "duplicate") continue;
      this.#parts.memory.trades.learn(stored ? trade : stamp(trade), late);
      if (stored) continue;
      this.#parts.counters.trades++;
      this.#parts.output.trade(stamp(trade), false);
    }
    for (const range of absent) this.#parts.ledger.leaveOut(range);
    // A jump of the first live trade is a break from here on, not from its own time.
    if (newest) this.#parts.breaks.onLearnt(newest);
    this.#learnt();
  }

  /** What the look-back left open in the ledger is no gap of the stream. */
  #learnt(): void {
    this.#gaps_seen = this.#parts.ledger.counters.gaps;
    this.#epoch = this.#parts.belief.numbering.trade.epoch;
  }
}
