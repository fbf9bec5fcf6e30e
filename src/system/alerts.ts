/** The alerts, over what the service shows of itself. */

import { hostname } from "node:os";
import type { Clock } from "../base/clock.ts";
import type { Config } from "../base/config.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import { Alerts } from "../steer/alerts/alerts.ts";
import { channelsOf } from "../steer/alerts/channels/of_config.ts";
import { type Rules, requireMetrics, SHIPPED_RULES } from "../steer/alerts/rules/rules.ts";
import type { PipelineParts } from "./parts.ts";
import type { PipelinePorts } from "./ports.ts";

export interface AlertsOverOptions extends Pick<PipelineParts, "workers" | "store"> {
  readonly rules: Rules;
  readonly config: Config;
  readonly metrics: Metrics;
  readonly ports: PipelinePorts;
  readonly clock: Clock;
  readonly log: Logger;
}

/** @throws ForetickError CONFIG_INVALID where a rule watches a metric that is not there. */
export function alertsOver(options: AlertsOverOptions): Alerts {
  const { rules, config, metrics, ports, workers, store, clock, log } = options;
  requireMetrics(config.alert_rules ?? SHIPPED_RULES, rules, metrics.names);
  return new Alerts({
    ...{ rules, clock, log: log.child({ stage: "alerts" }), data_dir: config.data_dir, service: hostname() },
    channels: channelsOf(config, clock),
    readings: {
      symbols: () => [...workers.keys()],
      parts: () => ports.health().dependencies,
      samples: (metric) => metrics.samples(metric),
    },
    sql: () => store.database?.sql,
  });
}
