/** What an API machine consists of, for what looks at it: ports, health, metrics. */

import type { Clock } from "../../base/clock.ts";
import type { Config } from "../../base/config.ts";
import type { Micros } from "../../base/units.ts";
import type { RedisReader } from "../../record/redis/reader.ts";
import type { Store } from "../store/store.ts";
import type { SymbolView } from "./redis_view.ts";

export interface ApiParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly started_at_us: Micros;
  readonly views: ReadonlyMap<string, SymbolView>;
  readonly reader: RedisReader;
  /** Undefined without DATABASE_URL. */
  readonly store: Store | undefined;
}
