/** Which service leads each symbol: what another one leads is not served here. */

import type { Metrics } from "../../../base/metrics.ts";
import type { Dependency } from "../../../serve/ports.ts";
import type { PipelineParts } from "../../parts.ts";

interface View extends Pick<PipelineParts, "standingBy"> {
  readonly symbols: readonly string[];
}

export function leaseHealth({ symbols, standingBy }: View): Dependency[] {
  return symbols.map((symbol) => {
    const reason = standingBy(symbol) ?? null;
    const state = reason === null ? "ok" : "down";
    return { name: `lease ${symbol}`, symbol, state, reason, facts: { leads: reason === null } };
  });
}

export function registerLeaseMetrics(metrics: Metrics, { symbols, standingBy }: View): void {
  metrics.observe(
    "gauge",
    "foretick_leads",
    "1 where this service leads the symbol, 0 where it stands by",
    () =>
      symbols.map((symbol) => ({
        labels: { symbol },
        value: Number(standingBy(symbol) === undefined),
      })),
  );
}
