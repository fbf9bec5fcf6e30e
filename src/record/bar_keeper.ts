/** How bars are brought up to date: the one thing that differs between servers with continuous aggregates and without. */

import type { Sql } from "postgres";
import type { Span, Stretch } from "./bars.ts";
import { CaggKeeper } from "./cagg_keeper.ts";
import type { Database } from "./database.ts";
import { TableKeeper } from "./table_keeper.ts";

export interface BarKeeper {
  /** For people: what bars are kept as. */
  readonly description: string;
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
  stale(sql: Sql, span: Span, open: boolean): Promise<Stretch[]>;
  /** Recomputes what is behind in `stretch`. Done before, it does nothing. */
  refresh(sql: Sql, stretch: Stretch): Promise<void>;
}

export function keeperFor({ capability, server }: Pick<Database, "capability" | "server">): BarKeeper {
  return capability === "timescale" ? new CaggKeeper(server.timescale_version!) : new TableKeeper();
}
