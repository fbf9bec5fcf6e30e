/**
 * How a lane goes over to an engine that has seen a look-back: at its beginning, and while it runs. What of the look-back
 * can no longer change is prepared in steps, so that ticks go on between them.
 */

import { atOnce, type Steps } from "../../base/turns.ts";
import { type Micros, secondOf, startOf, type UnixSec, unixSec } from "../../base/units.ts";
import type { DisconnectEvent } from "../../binance/events.ts";
import type { TradeLedger } from "../../binance/trade_ledger.ts";
import type { FeatureEngine } from "../../features/live/engine.ts";
import type { LaneBreaks } from "./breaks.ts";
import {
  engineFrom,
  type FinishOptions,
  isSound,
  type LookBack,
  type Prepared,
  prepare,
  type RebuildOptions,
} from "./look_back.ts";
import { type LaneCounters, NOT_TAKEN, type Released } from "./output.ts";
import type { SinceHold } from "./since_hold.ts";
import { type LaneState, type LaneTrades, missingTrades } from "./trades.ts";

export interface ChangeoverParts extends RebuildOptions {
  readonly state: LaneState;
  readonly ledger: TradeLedger;
  readonly breaks: LaneBreaks;
  readonly trades: LaneTrades;
  readonly counters: LaneCounters;
}

export class Changeover {
  readonly #parts: ChangeoverParts;

  constructor(parts: ChangeoverParts) {
    this.#parts = parts;
  }

  /** Breaks up to now whose trades the look-back has. */
  coveredBreaks({ complete_from_sec }: LookBack): DisconnectEvent[] {
    const from_us = startOf(complete_from_sec);
    return this.#parts.memory
      .breaks()
      .filter(
        (event) => event.ts_us >= from_us && event.fillable !== false && !this.#parts.breaks.isSilent(event),
      );
  }

  /**
   * In steps, so that ticks go on between them: what of the look-back can no longer change. `rebuild` and `swap` then have
   * little left to do.
   * @param begunUs as `rebuild`'s.
   */
  *prepare(lookBack: LookBack, begunUs: () => Micros | undefined): Steps<Prepared | undefined> {
    yield* this.#parts.trades.learn(lookBack);
    const resume = this.#resumeAt(begunUs());
    if (resume === undefined) return undefined;
    // Earlier seconds are closed, and nothing kept since the hold belongs to them.
    const until = unixSec(
      Math.min(resume, secondOf((this.#parts.state.since?.earliest_us ?? startOf(resume)) as Micros)),
    );
    return yield* prepare(lookBack, { ...this.#rebuilding, until });
  }

  /**
   * Goes on from a fresh engine that has seen the look-back, up to the next second to close.
   * @param begun_us where none has closed yet: exchange time of the first event (µs).
   */
  rebuild(lookBack: LookBack, begun_us: Micros | undefined, prepared: Prepared | undefined): void {
    const resume = this.#resumeAt(begun_us);
    if (resume === undefined) return;
    if (!prepared) atOnce(this.#parts.trades.learn(lookBack));
    this.#parts.state.engine = this.#engineFrom(lookBack, { resume, prepared });
    this.#parts.state.next_sec = resume;
    this.#keepSilent();
  }

  /** Changes over to an engine that has seen the look-back and everything taken since it was asked for. */
  swap(lookBack: LookBack, since: SinceHold, prepared: Prepared | undefined): Released {
    const resume = this.#parts.state.next_sec;
    if (since.overflowed || resume === undefined) return NOT_TAKEN;
    if (!prepared) atOnce(this.#parts.trades.learn(lookBack));
    this.#noticeHole(lookBack, since);
    const covered = this.coveredBreaks(lookBack);
    const { filled, open } = since.breaksFilled(this.#parts.ledger.missing());
    this.#parts.state.engine = this.#engineFrom(lookBack, {
      resume,
      since,
      filled: new Set(filled),
      prepared,
    });
    this.#keepSilent();
    this.#parts.counters.swaps++;
    const before = covered.filter((event) => !since.holds(event));
    return { taken: true, filled: [...before, ...filled], open };
  }

  /** Where the look-back ends before the first trade taken since, and ids are missing between: a break like any other. */
  #noticeHole({ trades }: LookBack, since: SinceHold): void {
    const [last, first] = [trades.at(-1)?.trade, since.firstTrade];
    if (!last || !first) return;
    const gap = this.#parts.ledger.missing().find(({ to }) => to === first.trade_id - 1);
    if (!gap || gap.from <= last.trade_id) return;
    const { state, breaks } = this.#parts;
    state.since = since;
    breaks.onTradesMissing(first, last.ts_us, missingTrades(gap), gap);
    state.since = undefined;
  }

  #resumeAt(begun_us: Micros | undefined): UnixSec | undefined {
    return this.#parts.state.next_sec ?? (begun_us === undefined ? undefined : secondOf(begun_us));
  }

  get #rebuilding(): RebuildOptions {
    const { symbol, sets, book_seconds, memory, stamp } = this.#parts;
    return { symbol, sets, book_seconds, memory, stamp };
  }

  #engineFrom(
    lookBack: LookBack,
    { prepared, ...rest }: Omit<FinishOptions, keyof RebuildOptions>,
  ): FeatureEngine {
    const options = { ...this.#rebuilding, ...rest };
    return engineFrom(lookBack, {
      ...options,
      prepared: prepared && isSound(prepared, options) ? prepared : undefined,
    });
  }

  /** A look-back has no trade of a stream that is silent now. */
  #keepSilent(): void {
    for (const event of this.#parts.breaks.open) {
      if (event.stream === "trade") this.#parts.state.engine.onDisconnect(event, "open");
    }
  }
}
