/** Which days of a file are whole once a batch is committed, by how many rows the file has of each. */

import { DAY_US } from "../../../base/units.ts";
import { dateOf } from "../../../binance/archive/layout.ts";
import type { CheckedRun } from "../checked_runs.ts";
import type { ArchiveDay } from "../history_loader.ts";
import { type Survey, startOf } from "./survey.ts";

interface Day {
  /** Rows that are not committed yet. */
  left: number;
  first_id: number;
  last_id: number;
  /** Trades of believed rows. */
  n: number;
}

export class DayCounts {
  readonly #days = new Map<number, Day>();
  readonly #what: Pick<ArchiveDay, "kind" | "file" | "sha256">;
  /** Rows that describe no trade, said of the file's first day. */
  #refused: number;
  #empty: number[] = [];

  /** @param wanted starts of the days that are loaded (µs). */
  constructor(
    what: Pick<ArchiveDay, "kind" | "file" | "sha256">,
    wanted: ReadonlySet<number>,
    { days, refused }: Survey,
  ) {
    this.#what = what;
    this.#refused = refused;
    for (const day_us of wanted) {
      const left = days.get(day_us) ?? 0;
      this.#days.set(day_us, { left, first_id: Number.POSITIVE_INFINITY, last_id: -1, n: 0 });
      if (left === 0) this.#empty.push(day_us);
    }
  }

  /** The days that are whole with these rows; those without a row are whole from the beginning. */
  complete(runs: readonly CheckedRun[]): ArchiveDay[] {
    const whole = this.#empty;
    this.#empty = [];
    for (const run of runs) {
      const day_us = startOf(run.ts_us, DAY_US);
      const day = this.#days.get(day_us)!;
      day.left--;
      if (day.left === 0) whole.push(day_us);
      if (run.set_aside !== undefined) continue;
      day.first_id = Math.min(day.first_id, run.first_trade_id);
      day.last_id = Math.max(day.last_id, run.last_trade_id);
      day.n += run.last_trade_id - run.first_trade_id + 1;
    }
    return whole.map((day_us) => this.#archiveDay(day_us));
  }

  #archiveDay(day_us: number): ArchiveDay {
    const { first_id, last_id, n } = this.#days.get(day_us)!;
    const refused = this.#refused;
    this.#refused = 0;
    return {
      ...this.#what,
      day: dateOf(day_us),
      first_trade_id: n > 0 ? first_id : undefined,
      last_trade_id: n > 0 ? last_id : undefined,
      ...{ n, refused },
    };
  }
}
