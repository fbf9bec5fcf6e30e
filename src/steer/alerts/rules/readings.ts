/** What the rules look at, without knowing the service: its parts of health and its metrics. */

import type { Sample } from "../../../base/metrics.ts";

export interface ReadPart {
  /** e.g. "database", "forecast BTCUSDT". */
  readonly name: string;
  /** Undefined: it concerns all symbols. */
  readonly symbol?: string;
  readonly state: "ok" | "degraded" | "down";
  readonly reason: string | null;
}

export interface Readings {
  /** Symbols this service leads now. */
  symbols(): readonly string[];
  parts(): readonly ReadPart[];
  /** Of one metric, now; empty where it has none. */
  samples(metric: string): readonly Sample[];
}
