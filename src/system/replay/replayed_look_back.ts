/** The look-back of a replayed lane: read row by row, prepared in as many steps as then, and released as then. */

import { atOnce, type Steps } from "../../base/turns.ts";
import type { LookBackRows } from "../../predict/capture/input_log.ts";
import type { Lane } from "../../predict/lane/lane.ts";
import type { LookBack, Prepared } from "../../predict/lane/look_back.ts";

export class ReplayedLookBack {
  readonly #lane: Lane;
  #rows: LookBackRows[] = [];
  #look_back: LookBack | undefined;
  #preparing: Steps<Prepared | undefined> | undefined;
  #prepared: Prepared | undefined;

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  read(rows: LookBackRows): void {
    this.#rows.push(rows);
  }

  prepare(): void {
    this.#gather();
    this.#preparing = this.#look_back && this.#lane.prepare(this.#look_back);
  }

  /** The look-back whose rows have been read. */
  #gather(): void {
    const rows = this.#rows;
    this.#rows = [];
    const rest = rows.at(-1)?.rest;
    this.#look_back = rest && {
      ...rest,
      earlier: rows.flatMap(({ earlier = [] }) => earlier),
      trades: rows.flatMap(({ trades = [] }) => trades),
      quotes: rows.flatMap(({ quotes = [] }) => quotes),
    };
  }

  step(count: number): void {
    for (let left = count; left > 0 && this.#preparing; left--) {
      const step = this.#preparing.next();
      if (!step.done) continue;
      this.#prepared = step.value;
      this.#preparing = undefined;
    }
  }

  release(flags: number): void {
    if (this.#rows.length > 0) this.#gather();
    if (this.#preparing) this.#prepared = atOnce(this.#preparing);
    const found = (flags & 1) > 0 ? this.#look_back : undefined;
    const prepared = (flags & 2) > 0 ? this.#prepared : undefined;
    [this.#look_back, this.#preparing, this.#prepared] = [undefined, undefined, undefined];
    this.#lane.release(found, prepared);
  }
}
