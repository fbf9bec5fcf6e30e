/** Hysteresis: what is wrong for long enough counts, until it has been well for long enough. Times are monotonic (µs). */

export class Condition {
  #holds = false;
  #wrong_since_us: number | undefined;
  #well_since_us: number | undefined;
  /** It has been well since the start. */
  #was_well = false;

  /** Whether it counts. */
  get holds(): boolean {
    return this.#holds;
  }

  get was_well(): boolean {
    return this.#was_well;
  }

  /** @param is_wrong undefined: not known, or in between; what it was goes on. */
  look(is_wrong: boolean | undefined, now_us: number, for_us: number, clear_for_us: number): void {
    if (is_wrong === undefined) return;
    if (is_wrong) {
      this.#well_since_us = undefined;
      this.#wrong_since_us ??= now_us;
      if (now_us - this.#wrong_since_us >= for_us) this.#holds = true;
      return;
    }
    this.#was_well = true;
    this.#wrong_since_us = undefined;
    if (!this.#holds) return;
    this.#well_since_us ??= now_us;
    if (now_us - this.#well_since_us >= clear_for_us) this.end();
  }

  /** Since when it is wrong without a break; undefined where it is not. */
  get wrong_since_us(): number | undefined {
    return this.#wrong_since_us;
  }

  /** An event: it holds at once, and is well again from now on. */
  happen(now_us: number): void {
    this.#holds = true;
    this.#well_since_us = now_us;
  }

  /** It held in the process before this one. @param well_since_us undefined: it was wrong when it was last seen. */
  restore(well_since_us: number | undefined): void {
    this.#holds = true;
    this.#well_since_us = well_since_us;
  }

  end(): void {
    this.#holds = false;
    this.#wrong_since_us = undefined;
    this.#well_since_us = undefined;
  }
}
