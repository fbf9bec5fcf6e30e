/**
 * Looks at the streams of the feeding connection several times within the shortest patience, and says which have
 * been silent for too long. Trades may be quiet for their market's reasons: before their stream is called silent,
 * the exchange is asked for its newest trade.
 */

import type { Clock, Timer } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { US_PER_MS } from "../../base/units.ts";
import type { Continuity } from "./continuity.ts";
import type { StreamMark } from "./stream_mark.ts";

/** The id of the symbol's newest trade, as the exchange's REST gives it. */
export type NewestTrade = (symbol: string) => Promise<number | undefined>;

export interface SilenceWatchOptions {
  readonly clock: Clock;
  readonly continuity: Continuity;
  readonly newestTrade: NewestTrade | undefined;
  /** Since when the present connection feeds (monotonic µs); undefined while none does. */
  readonly liveSince: () => number | undefined;
  /** After each look while a connection feeds; `found` have fallen silent just now. */
  readonly onLook: (found: readonly StreamMark[], now_us: number) => void;
}

const LOOK_MS_MAX = 1_000;
const LOOK_MS_MIN = 50;
/** A look later than planned by more than this shows that the process was busy (µs). */
const LATE_US = 20_000;
/** How long it is remembered when the process was busy; longer than the patience of any stream that is busy (µs). */
const REMEMBERED_US = 60_000_000;
/** How far REST may be ahead of the stream without anything being wrong (ms). */
const AHEAD_MS = 500;

export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  /** Trade streams the exchange is being asked about. */
  readonly #asking = new Set<StreamMark>();
  /** When this process had no time to look, oldest first. */
  readonly #busy: { readonly until_us: number; readonly for_us: number }[] = [];
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#closed) return;
    const { clock, continuity } = this.#options;
    const shortest_ms = Math.min(...continuity.marks.map((mark) => mark.stale_after_us)) / US_PER_MS;
    const wait_ms = Math.max(LOOK_MS_MIN, Math.min(LOOK_MS_MAX, shortest_ms / 4));
    const due_us = clock.monotonicUs() + wait_ms * US_PER_MS;
    this.#timer = clock.after(wait_ms, () => {
      this.start();
      this.#noteLate(clock.monotonicUs(), due_us);
      this.#look();
    });
  }

  /** What came while this process was busy is still unread: that is no silence of the exchange's. */
  #noteLate(now_us: number, due_us: number): void {
    if (now_us - due_us > LATE_US) this.#busy.push({ until_us: now_us, for_us: now_us - due_us });
    while (this.#busy[0] && this.#busy[0].until_us < now_us - REMEMBERED_US) this.#busy.shift();
  }

  readonly #busySince = (since_us: number): number => {
    let busy_us = 0;
    for (const { until_us, for_us } of this.#busy) {
      if (until_us > since_us) busy_us += Math.min(for_us, until_us - since_us);
    }
    return busy_us;
  };

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #look(): void {
    const { clock, continuity, newestTrade, liveSince, onLook } = this.#options;
    const since_us = liveSince();
    if (since_us === undefined) return;
    const now_us = clock.monotonicUs();
    const found: StreamMark[] = [];
    for (const mark of continuity.silentNow(now_us, since_us, this.#busySince)) {
      if (mark.stream !== "trade" || !newestTrade || mark.last_id < 0) found.push(mark);
      else if (!this.#asking.has(mark)) void this.#ask(mark, newestTrade);
    }
    onLook(found, now_us);
  }

  /** Settles whether a trade stream is silent or its market quiet. Never rejects. */
  async #ask(mark: StreamMark, newestTrade: NewestTrade): Promise<void> {
    const { clock, onLook } = this.#options;
    const seen_us = mark.last_seen_us;
    this.#asking.add(mark);
    const newest = await withDeadline(newestTrade(mark.symbol), {
      ...{ clock, limit: "stall_question_ms_max", what: `the newest trade of ${mark.symbol}` },
    }).catch(() => undefined);
    this.#asking.delete(mark);
    if (this.#closed || mark.last_seen_us !== seen_us || mark.stale) return;
    const now_us = clock.monotonicUs();
    if (newest !== undefined && newest <= mark.last_id) {
      // Asked again when as long has passed once more: the longer the silence, the rarer the question.
      mark.excused_until_us = now_us + Math.max(mark.stale_after_us, now_us - seen_us);
      return;
    }
    // REST may have a trade that is on its way here.
    const wait_ms = newest === undefined ? 0 : AHEAD_MS;
    this.#asking.add(mark);
    clock.after(wait_ms, () => {
      this.#asking.delete(mark);
      if (!this.#closed && mark.last_seen_us === seen_us && !mark.stale) onLook([mark], clock.monotonicUs());
    });
  }
}
