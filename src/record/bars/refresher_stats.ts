/** A refresher's options and counters. */

import type { Clock } from "../../base/clock.ts";
import type { ForetickError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Database } from "../database.ts";

export interface RefresherOptions {
  readonly database: Pick<Database, "connect" | "capability" | "server" | "keeper_role">;
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * Exchange time before which everything of a table is in the database, where a writer of this process fills it:
   * bars are refreshed up to there and no further. An insert that is being committed while a refresh moves the
   * server's threshold past its rows is neither seen by the refresh nor noted as changed: its bars would stay wrong.
   */
  readonly written?: { through(source: "trades" | "quotes"): number };
}

export interface RefresherStats {
  /** Bars hold what was written up to this long ago (ms), late rows aside; undefined before the first pass. */
  readonly lag_ms: number | undefined;
  /** The last pass, and its part for the newest seconds (ms). */
  readonly pass_ms: number;
  readonly newest_ms: number;
  /** Stretches of older bars that wait to be looked at. */
  readonly stretches_waiting: number;
  readonly stretches_refreshed: number;
  /** Bars that differed from what is stored at their last check, and were computed again. */
  readonly bars_healed: number;
  readonly passes: number;
  readonly failures: number;
  /** Why the last pass failed; undefined when it did not. */
  readonly last_error: ForetickError | undefined;
}
