/** What a running service consists of, for what looks at it: ports, health, metrics. */

import type { Clock } from "../base/clock.ts";
import type { Config } from "../base/config.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Micros } from "../base/units.ts";
import type { RestClient } from "../binance/rest/client.ts";
import type { StreamClient } from "../binance/stream/client.ts";
import type { Publisher } from "../record/redis/publisher.ts";
import type { Writer } from "../record/write/writer.ts";
import type { Alerts } from "../steer/alerts/alerts.ts";
import type { Asks } from "./asked/asks.ts";
import type { Capture } from "./capture/capture.ts";
import type { ModelsInUse } from "./model/served_models.ts";
import type { Store } from "./store/store.ts";
import type { StoredParts } from "./store/stored_parts.ts";
import type { SymbolWorker } from "./symbol/symbol_worker.ts";

export interface PipelineParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly started_at_us: Micros;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly store: Store;
  /** Undefined until the database is open. */
  readonly stored: () => StoredParts | undefined;
  /** Why a symbol is not worked on here, as a sentence: another service leads it. Undefined where this one does. */
  readonly standingBy: (symbol: string) => string | undefined;
  /** What the exchange says of a symbol that does not trade, as a sentence; undefined where it does. */
  readonly statusOf: (symbol: string) => string | undefined;
  /** Undefined until they look at what the service shows. */
  readonly alerts: () => Alerts | undefined;
  readonly writer: Writer;
  /** Undefined without REDIS_URL. */
  readonly publisher: Publisher | undefined;
  readonly models: ModelsInUse;
  readonly rest: RestClient;
  readonly feed: StreamClient;
  /** Forecasts that callers ask for. */
  readonly asks: Asks;
  readonly workers: ReadonlyMap<string, SymbolWorker>;
  /** Undefined where CAPTURE is off. */
  readonly capture: Capture | undefined;
}
