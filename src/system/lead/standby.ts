/**
 * What a service shows while another leads all of its symbols: it listens, and says to everyone that it stands by and
 * for whom. `/latest` and `/health` are 503, so that no load balancer sends a client here.
 */

import packageJson from "../../../package.json" with { type: "json" };
import type { Clock } from "../../base/clock.ts";
import { fail } from "../../base/errors.ts";
import { Metrics } from "../../base/metrics.ts";
import type { Micros } from "../../base/units.ts";
import { FEATURE_SETS } from "../../features/sets/all.ts";
import type { AlertsView, HealthReport, MarketView, ServePorts, Unavailable } from "../../serve/ports.ts";
import { leaseHealth } from "../health/record/lease.ts";

export interface StandbyOptions {
  readonly symbols: readonly string[];
  readonly clock: Clock;
  /** Why there is nothing, as a sentence. */
  readonly reason: (symbol: string) => string;
}

export class StandbyPorts implements ServePorts {
  readonly symbols: readonly string[];
  readonly feature_sets = FEATURE_SETS.map(({ name }) => name);
  readonly metrics = new Metrics();
  readonly #options: StandbyOptions;
  readonly #started_at_us: Micros;

  constructor(options: StandbyOptions) {
    this.#options = options;
    this.symbols = options.symbols;
    this.#started_at_us = options.clock.now();
  }

  intervalMs(): number {
    return 1_000;
  }

  latest(symbol: string): Unavailable {
    return { reason: this.#options.reason(symbol) };
  }

  latestVector(symbol: string): Unavailable {
    return this.latest(symbol);
  }

  recent(): [] {
    return [];
  }

  async predictions(): Promise<never> {
    return fail("STORE_UNREACHABLE", this.#options.reason(this.symbols[0]!));
  }

  reliability(): Promise<never> {
    return this.predictions();
  }

  storedDays(): Promise<never> {
    return this.predictions();
  }

  quality(): undefined {
    return undefined;
  }

  signals(symbol: string): Unavailable {
    return this.latest(symbol);
  }

  parity(): Promise<never> {
    return this.predictions();
  }

  alerts(): AlertsView {
    return { open: [], recent: [], silences: [] };
  }

  market(symbol: string): MarketView {
    return {
      ...{ symbol, as_of_us: this.#options.clock.now(), last_price: null, bid_price: null, ask_price: null },
      ...{ connected: false, streams: [], book: "unknown", warm: false },
      reason: this.#options.reason(symbol),
      ...{ model_version: null, role: null, horizon_s: null },
    };
  }

  health(): HealthReport {
    const { reason } = this.#options;
    return {
      version: packageJson.version,
      started_at_us: this.#started_at_us,
      liveness: { live: true, reason: null },
      dependencies: leaseHealth({ symbols: this.symbols, standingBy: reason }),
    };
  }

  subscribe(): () => void {
    return () => {};
  }
}
