/** What `/health` says: every part of the service, each with its state, now. */

import packageJson from "../../../package.json" with { type: "json" };
import type { Prediction } from "../../predict/prediction.ts";
import type { Dependency, HealthReport, Unavailable } from "../../serve/ports.ts";
import type { PipelineParts } from "../parts.ts";
import { alertsHealth } from "./alerts.ts";
import { livenessOf } from "./liveness.ts";
import { experimentHealth } from "./model/experiments.ts";
import { steeringHealth } from "./model/steering.ts";
import { barsHealth } from "./record/bars.ts";
import { captureHealth } from "./record/capture.ts";
import { lakeHealth } from "./record/lake.ts";
import { leaseHealth } from "./record/lease.ts";
import { outcomeHealth } from "./record/outcomes.ts";
import { parityHealth } from "./record/parity.ts";
import { qualityHealth } from "./record/quality.ts";
import { redisHealth } from "./record/redis.ts";
import { repairHealth } from "./record/repair.ts";
import type { StoreHealth } from "./record/store.ts";
import { symbolHealth } from "./symbol.ts";

/**
 * @param store_health kept from call to call.
 * @param latest what `/latest` answers of a symbol.
 */
export function healthReport(
  parts: PipelineParts,
  store_health: StoreHealth,
  latest: (symbol: string) => Prediction | Unavailable,
): HealthReport {
  const { config, clock, store, models, workers, started_at_us } = parts;
  const now_us = clock.now();
  const feed = parts.feed.status;
  const stored = parts.stored();
  return {
    version: packageJson.version,
    started_at_us,
    liveness: livenessOf(workers.values(), feed, clock),
    dependencies: [
      store_health.at(now_us),
      barsHealth(stored, store.database?.capability),
      ...models.health(),
      feedHealth(parts.feed),
      outcomeHealth(stored?.outcomes),
      qualityHealth(stored?.quality),
      parityHealth({
        ...{ parity: stored?.parity, symbols: [...workers.keys()], every_s: config.parity_every_s },
        ...{ started_at_us, now_us },
      }),
      ...repairHealth(stored?.repair),
      ...steeringHealth(stored?.steering),
      ...experimentHealth(stored?.experiments),
      ...lakeHealth(stored?.lake),
      redisHealth(parts.publisher),
      ...captureHealth(parts.capture),
      alertsHealth(parts.alerts()),
      ...leaseHealth({ symbols: config.symbols, standingBy: parts.standingBy }),
      ...[...workers.values()].flatMap((worker) =>
        symbolHealth({
          ...{ worker, latest: latest(worker.symbol), feed, started_at_us, now_us },
          halted: parts.statusOf(worker.symbol),
        }),
      ),
    ],
  };
}

function feedHealth({ status, counters }: PipelineParts["feed"]): Dependency {
  const { now, by_code } = status.frame_faults;
  const frames_dropped = Object.values(by_code).reduce((sum, count) => sum + count, 0);
  const facts = { state: status.state, frames: counters.frames, frames_dropped };
  if (status.state !== "live") {
    const why = status.state === "backing_off" ? status.error.message : `the streams are ${status.state}`;
    return { name: "feed", state: "down", reason: why, facts };
  }
  const reason = now ? `frames are dropped: ${now.sentence}` : null;
  return { name: "feed", state: reason === null ? "ok" : "degraded", reason, facts };
}
