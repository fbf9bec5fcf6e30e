/**
 * Redis as the service shows it: its health and its metrics. That it is away is a state, and costs no forecast of this
 * service; API machines show what they have until it is too old.
 */

import type { Metrics } from "../../../base/metrics.ts";
import { isoOf } from "../../../base/units.ts";
import type { Publisher, PublisherStats } from "../../../record/redis/publisher.ts";
import type { Dependency } from "../../../serve/ports.ts";

export function redisHealth(publisher: Publisher | undefined): Dependency {
  if (!publisher) return { name: "redis", state: "ok", reason: null, facts: { state: "off" } };
  const { status, waiting, dropped, published, fenced_now } = publisher.stats;
  const { state, since_us, error } = status;
  const away = state === "away" || state === "refused";
  const reason = away
    ? `${state} since ${isoOf(since_us)}: ${error?.message}`
    : fenced_now.length > 0
      ? `another service writes ${fenced_now.join(", ")} to this Redis: what is forecast here is not given on`
      : null;
  return {
    name: "redis",
    state: reason === null ? "ok" : "degraded",
    reason,
    facts: {
      ...{ state, since: isoOf(since_us), waiting, published },
      ...{ forecasts_dropped: dropped.forecasts, events_dropped: dropped.events },
    },
  };
}

export function registerRedisMetrics(metrics: Metrics, publisher: Publisher | undefined): void {
  if (!publisher) return;
  const observe = (
    kind: "counter" | "gauge",
    name: string,
    help: string,
    read: (stats: PublisherStats) => number,
  ): void => metrics.observe(kind, `foretick_redis_${name}`, help, () => read(publisher.stats));
  observe("gauge", "away", "1 while Redis does not take what is given on", ({ status }) =>
    Number(status.state === "away" || status.state === "refused"),
  );
  observe("gauge", "waiting", "Entries that wait for Redis", ({ waiting }) => waiting);
  observe("gauge", "answer_ms", "Time Redis took for the last pipeline (ms)", ({ answer_ms }) =>
    answer_ms === undefined ? Number.NaN : answer_ms,
  );
  observe("counter", "published_total", "Entries and values that Redis took", ({ published }) => published);
  observe("counter", "batches_total", "Batches that Redis took", ({ batches }) => batches);
  observe(
    "counter",
    "batches_seen_total",
    "Of these, the ones that had been taken though their answer was lost",
    ({ seen }) => seen,
  );
  observe(
    "counter",
    "batches_fenced_total",
    "Batches not taken since another service writes the symbol",
    ({ fenced }) => fenced,
  );
  observe("counter", "failures_total", "Pipelines that failed", ({ failures }) => failures);
  metrics.observe(
    "counter",
    "foretick_redis_dropped_total",
    "Entries dropped while Redis did not take them",
    () => Object.entries(publisher.stats.dropped).map(([kind, value]) => ({ labels: { kind }, value })),
  );
}
