/** How an API machine is: whether Redis answers, how old each symbol's forecast is, whether there is a database. */

import packageJson from "../../../package.json" with { type: "json" };
import type { Metrics, Sample } from "../../base/metrics.ts";
import { isoOf, US_PER_MS, US_PER_SEC } from "../../base/units.ts";
import type { Prediction } from "../../predict/prediction.ts";
import type { Dependency, HealthReport, Unavailable } from "../../serve/ports.ts";
import type { ApiParts } from "./parts.ts";
import type { SymbolView } from "./redis_view.ts";

export function apiHealth(
  parts: ApiParts,
  latest: (symbol: string) => Prediction | Unavailable,
): HealthReport {
  return {
    version: packageJson.version,
    started_at_us: parts.started_at_us,
    // It waits for Redis, which a new start would not bring.
    liveness: { live: true, reason: null },
    dependencies: [
      readerHealth(parts),
      databaseHealth(parts),
      ...[...parts.views].map(([symbol, view]) => forecastHealth(symbol, view, latest(symbol))),
    ],
  };
}

/** While Redis is away the last forecasts are shown until they are too old, and only then is the symbol down. */
function readerHealth({ reader }: ApiParts): Dependency {
  const { status, entries, malformed, repeated, overrun } = reader.stats;
  const { state, since_us, error } = status;
  const facts = { state, since: isoOf(since_us), entries, malformed, repeated, overrun };
  const why = state === "connecting" ? "Redis has not answered yet" : (error?.message ?? null);
  return {
    name: "redis",
    state: state === "ok" ? "ok" : "degraded",
    reason: state === "ok" ? null : why,
    facts,
  };
}

function databaseHealth({ store }: ApiParts): Dependency {
  if (!store) return { name: "database", state: "ok", reason: null, facts: { state: "off" } };
  const open = store.database !== undefined;
  const reason = open ? null : (store.error?.message ?? "the database is not open yet");
  return { name: "database", state: open ? "ok" : "degraded", reason, facts: { open } };
}

function forecastHealth(symbol: string, view: SymbolView, latest: Prediction | Unavailable): Dependency {
  const none = "reason" in latest;
  const { forecast_age_us } = view;
  const reason = none ? latest.reason : (view.state?.market.reason ?? null);
  return {
    name: `forecast ${symbol}`,
    symbol,
    state: none ? "down" : reason === null ? "ok" : "degraded",
    reason,
    facts: {
      age_ms: forecast_age_us === undefined ? null : Math.round(forecast_age_us / US_PER_MS),
      leader_said_ms_ago: Number.isFinite(view.state_age_us)
        ? Math.round(view.state_age_us / US_PER_MS)
        : null,
      ts_sec: none ? null : latest.ts_sec,
      model_version: none ? null : latest.model_version,
    },
  };
}

export function registerApiMetrics(metrics: Metrics, { reader, views }: ApiParts): void {
  const each = (read: (view: SymbolView) => number) => (): Sample[] =>
    [...views].map(([symbol, view]) => ({ labels: { symbol }, value: read(view) }));
  metrics.observe(
    "gauge",
    "foretick_forecast_age_s",
    "Since the newest served forecast could first be read (s)",
    each(({ forecast_age_us }) => (forecast_age_us ?? Number.NaN) / US_PER_SEC),
  );
  metrics.observe(
    "gauge",
    "foretick_features_age_s",
    "Since the newest event in the newest vector, by the exchange's clock (s)",
    each((view) => (view.vector ? view.features_age_us / US_PER_SEC : Number.NaN)),
  );
  metrics.observe("gauge", "foretick_redis_away", "1 while Redis does not answer", () =>
    Number(reader.stats.status.state !== "ok"),
  );
  const counters = {
    entries: "Entries read from Redis",
    malformed: "Of these, the ones that were not understood",
    repeated: "Of these, the ones that had been shown before",
    overrun: "Times entries had left a stream of Redis before they were read",
  } as const;
  for (const name of Object.keys(counters) as (keyof typeof counters)[]) {
    metrics.observe("counter", `foretick_redis_${name}_total`, counters[name], () => reader.stats[name]);
  }
}
