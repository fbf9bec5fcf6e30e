/**
 * One stream's rows in, each out once: believed, or set aside with the reason. Most are decided as they come. An
 * unlikely one waits, with all after it, for what decides it: the next of its stream, the agreed time, or the
 * end of its wait.
 */

import { LIMITS } from "../../base/limits.ts";
import { US_PER_MS } from "../../base/units.ts";
import type { SetAside } from "../events.ts";
import type { ExchangeTime } from "./exchange_time.ts";
import type { Row, StreamChecks } from "./stream_checks.ts";

export interface Decisions {
  believed(row: Row): void;
  setAside(row: Row, reason: SetAside): void;
}

const WAIT_US = LIMITS.belief_wait_ms_max * US_PER_MS;

export class BelievedStream<R extends Row> {
  /** The stream's number in the exchange's time. */
  readonly index: number;
  readonly #time: ExchangeTime;
  readonly #checks: StreamChecks<R>;
  readonly #to: Decisions;
  /** Oldest first; empty nearly always. */
  #waiting: R[] = [];

  constructor(index: number, time: ExchangeTime, checks: StreamChecks<R>, to: Decisions) {
    this.index = index;
    this.#time = time;
    this.#checks = checks;
    this.#to = to;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** When the first row's wait ends (local clock, µs); ∞ where none waits. */
  get deadline_us(): number {
    return this.#waiting.length === 0 ? Number.POSITIVE_INFINITY : this.#waiting[0]!.received_us + WAIT_US;
  }

  /** Takes the next row. Returns whether it was decided at once, so that no other stream need look again. */
  take(row: R): boolean {
    const impossible = this.#checks.impossible(row);
    if (impossible !== undefined) {
      this.#to.setAside(row, impossible);
      return true;
    }
    this.#time.claim(this.index, row.ts_us, row.received_us);
    if (this.#waiting.length === 0 && this.#isBelievedAsItComes(row)) return true;
    if (this.#checks.isOld(row)) {
      this.#to.believed(this.#checks.stamp(row));
      return true;
    }
    this.#waiting.push(row);
    if (this.#waiting.length > LIMITS.belief_waiting_rows_max) this.#decideFirst();
    return false;
  }

  /** Decides what can be, now that something has come: a row of this stream, a time, another stream. */
  settle(received_us: number): void {
    for (let row = this.#waiting[0]; row; row = this.#waiting[0]) {
      if (!this.#settleFirst(row, this.#waiting[1], received_us)) return;
    }
  }

  /** Decides the rows with times before `until_us`, which can wait no longer: their second closes. */
  decideBefore(until_us: number): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.ts_us < until_us) this.#decideFirst();
  }

  /** The stream has ended: nothing will confirm what waits. */
  decideAll(): void {
    while (this.#waiting.length > 0) this.#decideFirst();
  }

  #isBelievedAsItComes(row: R): boolean {
    const { ts_us, received_us } = row;
    if (this.#time.judge(this.index, ts_us, received_us) !== "believed") return false;
    if (this.#checks.doubt(row) !== undefined) return false;
    this.#time.observe(this.index, ts_us, received_us);
    this.#to.believed(this.#checks.believe(row, false));
    return true;
  }

  /** Returns whether the first row was decided. */
  #settleFirst(row: R, next: R | undefined, received_us: number): boolean {
    const verdict = this.#time.judge(this.index, row.ts_us, row.received_us);
    if (verdict === "refused") return this.#setAside(row, "time_ahead");
    const overdue = received_us - row.received_us > WAIT_US;
    if (verdict === "waits") return this.#settleAhead(row, next, overdue);
    const doubt = this.#checks.doubt(row);
    if (doubt === undefined) return this.#believe(row);
    const witness =
      doubt === "price_band" || this.#checks.believedAlone(row) ? next : this.#ofAnotherMessage(row);
    if (witness) return this.#checks.bearsOut(row, witness) ? this.#believe(row) : this.#setAside(row, doubt);
    return overdue ? this.#decideFirst() : false;
  }

  /** The trades of one message have consecutive ids whatever these are: they say nothing for each other. */
  #ofAnotherMessage({ ts_us, received_us }: R): R | undefined {
    return this.#waiting.find((other) => other.ts_us !== ts_us || other.received_us !== received_us);
  }

  /**
   * A time that no other source confirms. While all streams have it, the exchange is asked, and its answer
   * awaited.
   */
  #settleAhead(row: R, next: R | undefined, overdue: boolean): boolean {
    if (this.#time.disputed) return false;
    const contradicted =
      next !== undefined && this.#time.judge(this.index, next.ts_us, next.received_us) === "believed";
    if (contradicted) return this.#setAside(row, "time_ahead");
    // Without a clock that runs beside the exchange's, only another row can decide.
    const can_be_told = next !== undefined || this.#time.clock.steady;
    return overdue && can_be_told ? this.#decideFirst() : false;
  }

  #decideFirst(): true {
    const row = this.#waiting[0]!;
    if (this.#time.judge(this.index, row.ts_us, row.received_us) !== "believed") {
      // No clock has run beside the exchange's: the only time source is a stream that goes on by itself.
      const next = this.#waiting[1];
      const goes_on = next !== undefined && next.ts_us >= row.ts_us && !this.#time.clock.steady;
      if (!goes_on) return this.#setAside(row, "time_ahead");
    }
    const doubt = this.#checks.doubt(row);
    if (doubt === undefined || this.#checks.believedAlone(row)) return this.#believe(row);
    return this.#setAside(row, doubt);
  }

  #believe(row: R): true {
    this.#waiting.shift();
    this.#time.observe(this.index, row.ts_us, row.received_us);
    this.#to.believed(this.#checks.believe(row, this.#checks.doubt(row) !== undefined));
    return true;
  }

  #setAside(row: R, reason: SetAside): true {
    this.#waiting.shift();
    this.#to.setAside(row, reason);
    return true;
  }
}
