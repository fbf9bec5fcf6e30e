/** How bars are brought up to date: the one thing that differs between servers with continuous aggregates and without. */

import type { Sql } from "postgres";
import type { BarTable, Span, Stretch, SumTable } from "./bars.ts";

export interface BarKeeper<Table extends SumTable = BarTable> {
  /** For people: what bars are kept as. */
  readonly description: string;
  /** Whether rows that are being committed while a refresh passes them go unnoticed. */
  readonly overtakes: boolean;
  /**
   * Start of the newest second with a trade or quote (µs), as far as bars have not taken it in; undefined where
   * there is none. It may still be open: more of it may come.
   */
  newestSecond(sql: Sql): Promise<number | undefined>;
  /**
   * What is, or may be, behind its raw rows in `span`, newest first, in parts that take well below a second.
   *
   * @param open also the bucket that `span` ends inside of.
   */
  stale(sql: Sql, span: Span, open: boolean): Promise<Stretch<Table>[]>;
  /** Recomputes what is behind in `stretch`. Done before, it does nothing. */
  refresh(sql: Sql, stretch: Stretch<Table>): Promise<void>;
  /** Recomputes all of `stretch`, whether it is known to be behind or not. */
  force(sql: Sql, stretch: Stretch<Table>): Promise<void>;
}
