/** Diffs of the book: each begins where the one before it ended. */

import { LIMITS } from "../../base/limits.ts";
import type { DepthDiffEvent, SetAside } from "../events.ts";
import { idReach } from "./row_faults.ts";
import type { StreamChecks } from "./stream_checks.ts";

export class DiffChecks implements StreamChecks<DepthDiffEvent> {
  #epoch = 0;
  #id = -1;
  #ts_us = 0;

  impossible(): SetAside | undefined {
    return undefined;
  }

  isOld({ last_update_id, ts_us }: DepthDiffEvent): boolean {
    return last_update_id <= this.#id && ts_us <= this.#ts_us;
  }

  /** Whether it begins where the last one ended. Then it is believed. */
  isNext({ first_update_id, last_update_id, ts_us }: DepthDiffEvent): boolean {
    if (first_update_id !== this.#id + 1 || this.#id < 0) return false;
    if (last_update_id > this.#id) this.#id = last_update_id;
    if (ts_us > this.#ts_us) this.#ts_us = ts_us;
    return true;
  }

  /** The next diff may begin anywhere. */
  disconnected(): void {
    this.#id = -1;
  }

  doubt({ first_update_id, last_update_id, ts_us }: DepthDiffEvent): SetAside | undefined {
    if (this.#id < 0 || first_update_id === this.#id + 1) return undefined;
    if (first_update_id > this.#id) return "id_ahead";
    return last_update_id <= this.#id && ts_us > this.#ts_us ? "id_behind" : undefined;
  }

  bearsOut(row: DepthDiffEvent, next: DepthDiffEvent): boolean {
    const leap = next.first_update_id - row.last_update_id;
    return leap >= 0 && leap <= LIMITS.belief_ids_ahead_max && next.first_update_id !== this.#id + 1;
  }

  /** Diffs are lost, and the book is fetched again; ids do not leap farther by themselves. */
  believedAlone(row: DepthDiffEvent): boolean {
    return this.doubt(row) === "id_ahead" && this.#isWithinReach(row);
  }

  believe(row: DepthDiffEvent, doubted: boolean): DepthDiffEvent {
    const doubt = doubted ? this.doubt(row) : undefined;
    if (doubt === "id_behind" || (doubt === "id_ahead" && !this.#isWithinReach(row))) {
      this.#epoch += 1;
      this.#id = -1;
    }
    if (row.last_update_id > this.#id) this.#id = row.last_update_id;
    if (row.ts_us > this.#ts_us) this.#ts_us = row.ts_us;
    return this.stamp(row);
  }

  stamp(row: DepthDiffEvent): DepthDiffEvent {
    return row.epoch === this.#epoch ? row : { ...row, epoch: this.#epoch };
  }

  #isWithinReach({ first_update_id, ts_us }: DepthDiffEvent): boolean {
    return first_update_id - this.#id <= idReach(ts_us - this.#ts_us);
  }
}
