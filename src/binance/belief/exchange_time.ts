/**
 * What time it is at the exchange, believed by agreement: of two streams, or of a stream and the local clock
 * corrected by its learnt offset. One row alone moves nothing.
 *
 * Where all streams leap ahead of a local clock that has run beside them, the exchange's clock may have stepped,
 * or its streams may be wrong. Then its server time is asked (`disputed`), and what it says decides. Where it does
 * not answer, or contradicts, the streams' times are not believed until they have kept to them for
 * LIMITS.belief_step_wait_s.
 */

import { LIMITS } from "../../base/limits.ts";
import { US_PER_MS, US_PER_SEC } from "../../base/units.ts";
import { ClockOffset } from "./clock_offset.ts";

const NEVER = Number.NEGATIVE_INFINITY;
const AHEAD_US = LIMITS.belief_ahead_ms_max * US_PER_MS;
const STEP_US = LIMITS.belief_step_ms_min * US_PER_MS;
const STEP_WAIT_US = LIMITS.belief_step_wait_s * US_PER_SEC;
/** A dispute is over where no stream has claimed a time ahead for this long (µs of receive time). */
const CALM_US = 2 * US_PER_SEC;

/** Whether a row's time is believed: yes; not yet; not, for the streams' times are known to be wrong. */
export type TimeVerdict = "believed" | "waits" | "refused";

/** All streams against the local clock. */
interface Dispute {
  readonly since_us: number;
  /** The streams' delay by their own times when it began (µs). */
  readonly delay_us: number;
  claimed_us: number;
  /** The server's time contradicts the streams. */
  refused: boolean;
}

export class ExchangeTime {
  readonly clock: ClockOffset;
  /** Highest believed time, by stream, since the connection; and the newest time said, believed or not. */
  readonly #highs: Float64Array;
  readonly #claims: Float64Array;
  readonly #claimed_at_us: Float64Array;
  #dispute: Dispute | undefined;
  #stepped_us = 0;

  constructor(streams: number) {
    this.clock = new ClockOffset(streams);
    this.#highs = new Float64Array(streams).fill(NEVER);
    this.#claims = new Float64Array(streams).fill(NEVER);
    this.#claimed_at_us = new Float64Array(streams).fill(NEVER);
  }

  /** The exchange's time when `received_us` is read off the local clock (µs); −∞ before the first event. */
  at(received_us: number): number {
    return received_us - this.clock.offset_us;
  }

  /** All streams have a time that the local clock contradicts, and the server has not answered. */
  get disputed(): boolean {
    return this.#dispute !== undefined && !this.#dispute.refused;
  }

  /** The believed time has stepped: `takeStep` says by how much. */
  get stepped(): boolean {
    return this.#stepped_us !== 0 || this.clock.slid;
  }

  /** By how much the believed time has stepped (µs; ahead is above 0), once; 0: it has not. */
  takeStep(): number {
    const stepped_us = this.#stepped_us - this.clock.takeSlide();
    this.#stepped_us = 0;
    return stepped_us;
  }

  /**
   * Stream number `index` gives a time. Call it once per row; `judge` may be asked again about a row that
   * waits.
   */
  claim(index: number, ts_us: number, received_us: number): void {
    this.#claims[index] = ts_us;
    this.#claimed_at_us[index] = received_us;
  }

  /** `claim`, and whether the local clock bears the time out: the usual row needs no more. */
  claimLikely(index: number, ts_us: number, received_us: number): boolean {
    this.#claims[index] = ts_us;
    this.#claimed_at_us[index] = received_us;
    return ts_us <= received_us - this.clock.offset_us + AHEAD_US;
  }

  judge(index: number, ts_us: number, received_us: number): TimeVerdict {
    const clock_us = this.at(received_us);
    if (ts_us <= clock_us + AHEAD_US) return "believed";
    // Nothing is known yet: a local clock that is near the exchange's is a second source.
    if (clock_us === NEVER && Math.abs(received_us - ts_us) <= STEP_US) return "believed";
    const { steady, tellsSteps } = this.clock;
    if (!steady && ts_us <= this.#highs[index]! + AHEAD_US) return "believed";
    const agreed_us = this.#agreed();
    if (ts_us > agreed_us + AHEAD_US) return "waits";
    if (!tellsSteps || agreed_us <= clock_us + STEP_US) return "believed";
    return this.#contested(received_us);
  }

  /** Whether the local clock confirms a time, before any of the stream's is judged. */
  isLikely(ts_us: number, received_us: number): boolean {
    const clock_us = this.at(received_us);
    if (clock_us === NEVER) return Math.abs(received_us - ts_us) <= STEP_US;
    return this.clock.steady && Math.abs(ts_us - clock_us) <= STEP_US;
  }

  /** A believed row. */
  observe(index: number, ts_us: number, received_us: number): void {
    this.clock.observe(index, received_us - ts_us, received_us);
    if (ts_us > this.#highs[index]!) this.#highs[index] = ts_us;
    const dispute = this.#dispute;
    if (dispute && received_us - dispute.claimed_us > CALM_US) this.#dispute = undefined;
  }

  /** The exchange's server time, asked for while `disputed`. */
  onServerTime(server_us: number, received_us: number): void {
    if (!this.#dispute) return;
    const streams_us = received_us - this.#claimedDelay();
    if (Math.abs(server_us - streams_us) <= STEP_US) this.#follow();
    else this.#dispute.refused = true;
  }

  /** No answer came: the streams' times are not believed. */
  onNoServerTime(): void {
    if (this.#dispute) this.#dispute.refused = true;
  }

  /** The local clock was set. */
  shift(delta_us: number): void {
    this.clock.shift(delta_us);
  }

  /** The streams are gone: their last times do not hold for the next ones. */
  disconnected(): void {
    this.#highs.fill(NEVER);
    this.#claims.fill(NEVER);
    this.#dispute = undefined;
  }

  /** The second highest of the streams' times; −∞ where fewer than two have one. */
  #agreed(): number {
    if (this.#claims.length === 1) return this.#claims[0]!;
    let first = NEVER;
    let second = NEVER;
    for (const claim of this.#claims) {
      if (claim > first) {
        second = first;
        first = claim;
      } else if (claim > second) second = claim;
    }
    return second;
  }

  /** Receive time minus the time said, as two streams agree on it: the second smallest (µs). */
  #claimedDelay(): number {
    let least = Number.POSITIVE_INFINITY;
    let second = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#claims.length; index++) {
      const delay_us = this.#claimed_at_us[index]! - this.#claims[index]!;
      if (delay_us < least) {
        second = least;
        least = delay_us;
      } else if (delay_us < second) second = delay_us;
    }
    return Number.isFinite(second) ? second : least;
  }

  #contested(received_us: number): TimeVerdict {
    const delay_us = this.#claimedDelay();
    this.#dispute ??= { since_us: received_us, delay_us, claimed_us: received_us, refused: false };
    const dispute = this.#dispute;
    dispute.claimed_us = received_us;
    if (Math.abs(delay_us - dispute.delay_us) > STEP_US) {
      // No step: the times run at another pace, as those of a recording played fast.
      this.#dispute = undefined;
      this.clock.forgetPace();
      return "believed";
    }
    if (received_us - dispute.since_us >= STEP_WAIT_US) {
      this.#follow();
      return "believed";
    }
    return dispute.refused ? "refused" : "waits";
  }

  /** The exchange's clock has stepped: the streams' times are the time from here on. */
  #follow(): void {
    const offset_us = this.#claimedDelay();
    this.#stepped_us += this.clock.offset_us - offset_us;
    this.#dispute = undefined;
    this.clock.restart(offset_us);
    this.#highs.fill(NEVER);
  }
}
