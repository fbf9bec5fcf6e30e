/**
 * What is written down about callers behind their backs: who was refused, and when a key was last used. A flood of refusals
 * is a few rows with counts, and no request waits for them.
 */

import type { Clock, Timer } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Metrics } from "../../base/metrics.ts";
import { US_PER_MS } from "../../base/units.ts";
import type { AuditEntry } from "../../record/audit/audit.ts";

export interface Refusal {
  /** e.g. "FORBIDDEN". */
  readonly code: string;
  /** e.g. "POST /models/:version/promote": as it is registered, so that a caller cannot make many. */
  readonly route: string;
  readonly actor: string;
  readonly address: string | undefined;
}

export interface AccessRecordsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Rejects where the database does not answer; it is tried again. */
  readonly write: (entries: readonly AuditEntry[], used_key_ids: readonly string[]) => Promise<void>;
}

type Counted = AuditEntry & { details: Record<string, unknown> & { count: number } };

const OTHERS = "others";

export class AccessRecords {
  readonly #options: AccessRecordsOptions;
  readonly #refused_total = new Map<string, number>();
  #waiting = new Map<string, Counted>();
  #used = new Set<string>();
  #timer: Timer | undefined;
  #written_us = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: AccessRecordsOptions) {
    this.#options = options;
    options.metrics.observe(
      "counter",
      "foretick_requests_refused_total",
      "Requests refused for who asked, or how often, by code.",
      () => [...this.#refused_total].map(([code, value]) => ({ labels: { code }, value })),
    );
  }

  refused({ code, route, actor, address }: Refusal): void {
    this.#refused_total.set(code, (this.#refused_total.get(code) ?? 0) + 1);
    const own = JSON.stringify([code, route, actor, address]);
    const fits = this.#waiting.has(own) || this.#waiting.size < LIMITS.refusals_max;
    const kind = fits ? own : OTHERS;
    const waiting = this.#waiting.get(kind);
    if (waiting) waiting.details.count++;
    else {
      const entry = fits
        ? { actor, target: route, details: { code, ...(address === undefined ? {} : { address }), count: 1 } }
        : { actor: "several", target: "several", details: { count: 1 } };
      this.#waiting.set(kind, { action: "refused", ...entry });
    }
    this.#arm();
  }

  used(key_id: string): void {
    if (this.#used.size < LIMITS.api_keys_max) this.#used.add(key_id);
    this.#arm();
  }

  /** Writes what waits, once. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#write();
  }

  #arm(): void {
    if (this.#timer || this.#closed) return;
    const since_ms = (this.#options.clock.monotonicUs() - this.#written_us) / US_PER_MS;
    const delay_ms = Math.max(LIMITS.refusals_first_ms, LIMITS.refusals_every_ms - since_ms);
    this.#timer = this.#options.clock.after(delay_ms, () => void this.#onTime());
  }

  async #onTime(): Promise<void> {
    await this.#write();
    this.#timer = undefined;
    if (this.#waiting.size + this.#used.size > 0) this.#arm();
  }

  async #write(): Promise<void> {
    if (this.#waiting.size + this.#used.size === 0) return;
    const [waiting, used] = [this.#waiting, this.#used];
    [this.#waiting, this.#used] = [new Map(), new Set()];
    const { clock, log, write } = this.#options;
    this.#written_us = clock.monotonicUs();
    try {
      await withDeadline(write([...waiting.values()], [...used]), {
        ...{ clock, limit: "access_answer_ms", what: "the audit", code: "STORE_UNREACHABLE" },
      });
    } catch (error) {
      log.warn({ error: describeError(error), kinds: waiting.size }, "refusals are not written yet");
      this.#takeBack(waiting);
    }
  }

  #takeBack(entries: ReadonlyMap<string, Counted>): void {
    for (const [kind, entry] of entries) {
      const fits = this.#waiting.has(kind) || kind === OTHERS || this.#waiting.size < LIMITS.refusals_max;
      const others = { actor: "several", action: "refused", target: "several", details: { count: 0 } };
      const place = fits ? kind : OTHERS;
      const there = this.#waiting.get(place);
      if (there) there.details.count += entry.details.count;
      else this.#waiting.set(place, fits ? entry : { ...others, details: { count: entry.details.count } });
    }
  }
}
