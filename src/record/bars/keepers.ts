/** The keeper of bars, or of other sums, for a server. */

import type { Database } from "../database.ts";
import type { BarKeeper } from "./bar_keeper.ts";
import type { SumTable } from "./bars.ts";
import { CaggKeeper } from "./cagg_keeper.ts";
import { TableKeeper } from "./table_keeper.ts";

export function keeperFor<Table extends SumTable>(
  { capability, server }: Pick<Database, "capability" | "server">,
  tables: readonly Table[],
): BarKeeper<Table> {
  return capability === "timescale"
    ? new CaggKeeper(server.timescale_version!, tables)
    : new TableKeeper(tables);
}
