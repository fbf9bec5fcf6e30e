/**
 * The comparison that runs while the service does: every minute the seconds that have become final, symbol by
 * symbol and set by set, one span at a time on a connection of its own. It goes on where the last run ended,
 * also across a restart, so every second is compared once.
 */

import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError, type ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { type Micros, micros, startOf, type UnixSec, US_PER_SEC } from "../../base/units.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import type { ConnectOptions } from "../database.ts";
import { RoundJob, roundPauseMs } from "../rounds/round_job.ts";
import { type BarsRefresh, compareSpan } from "./parity.ts";
import { storedEnds } from "./range.ts";
import type { ParityReport } from "./report.ts";
import type { ParitySpan } from "./rows.ts";
import { ParityRuns } from "./runs.ts";
import { comparedSettled } from "./settled.ts";

export interface ParityJobOptions {
  readonly database: { connect(options?: ConnectOptions): Sql };
  readonly bars: BarsRefresh;
  /** What has been decided must be stored before it is compared. */
  readonly writer: { flush(): Promise<void> };
  /** Resolves once it is noted where the processes before this one ended: a difference may be explained by it. */
  readonly begun?: () => Promise<void>;
  readonly symbols: readonly string[];
  readonly sets: readonly FeatureSet[];
  readonly every_s: number;
  /** A second is final once the newest vector is this much later, by the exchange's clock (s). */
  readonly lag_s: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Plain numbers since the process began, of one symbol and set. */
export interface ParityCounters {
  readonly symbol: string;
  readonly feature_set: string;
  rows_compared: number;
  rows_mismatched: number;
  rows_missing: number;
  rows_extra: number;
  rows_unexplained: number;
  /** When a row was last compared (local clock); undefined before the first. */
  rows_at_us: Micros | undefined;
  /** Rows in which a feature differed; only features that did. */
  readonly mismatched: Map<string, number>;
}

/** The newest row whose difference has no known cause. */
export interface UnexplainedRow {
  readonly symbol: string;
  readonly feature_set: string;
  readonly ts_sec: UnixSec;
  /** When it was found (local clock). */
  readonly found_us: Micros;
}

/** The server ends a statement of a comparison that takes longer (ms). */
const STATEMENT_TIMEOUT_MS = 60_000;

export class ParityJob {
  readonly counters: readonly ParityCounters[];
  readonly #options: ParityJobOptions;
  readonly #rounds: RoundJob;
  #sql: Sql;
  #runs: ParityRuns;
  #unexplained: UnexplainedRow | undefined;
  #compared_at_us: Micros | undefined;

  constructor(options: ParityJobOptions) {
    this.#options = options;
    this.#sql = this.#connect();
    this.#runs = new ParityRuns(this.#sql);
    this.#rounds = new RoundJob({
      clock: options.clock,
      round: (signal) => this.#round(signal),
      pauseMs: (last_error) => roundPauseMs(options.every_s * 1_000, last_error),
      onFailed: (error, before) => {
        if (before) return;
        options.log.warn(
          { error: describeError(error) },
          "live and SQL were not compared; the next round goes on here",
        );
      },
    });
    this.counters = options.symbols.flatMap((symbol) =>
      options.sets.map(({ name }) => newCounters(symbol, name)),
    );
  }

  start(): void {
    this.#rounds.start();
  }

  /** The newest difference without a known cause since the process began. */
  get unexplained(): UnexplainedRow | undefined {
    return this.#unexplained;
  }

  /** Why the last round could not be finished; undefined where it was. */
  get last_error(): ForetickError | undefined {
    return this.#rounds.last_error;
  }

  /** When the last round was finished (local clock); undefined before the first. */
  get compared_at_us(): Micros | undefined {
    return this.#compared_at_us;
  }

  /** One round, now: at most one span per symbol and set. Joins a round that is under way. */
  compareNow(): Promise<void> {
    return this.#rounds.run();
  }

  /** Lets the statement under way end, and starts no other. May be called twice. */
  async close(): Promise<void> {
    await this.#rounds.close();
    await this.#sql.end({ timeout: 5 });
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { writer, symbols, sets, clock, begun } = this.#options;
    const limit = { clock, limit: "parity_compare_ms_max" as const };
    if (begun) await begun();
    await withDeadline(writer.flush(), { ...limit, what: "the rows written before a comparison" });
    for (const symbol of symbols) {
      for (const set of sets) {
        if (signal.aborted) return;
        await withDeadline(this.#compareNext(symbol, set), {
          ...{ ...limit, what: `a comparison of ${set.name} of ${symbol}` },
          onGivenUp: () => this.#reconnect(),
        });
      }
    }
    this.#compared_at_us = clock.now();
  }

  #connect(): Sql {
    return this.#options.database.connect({
      connections: 1,
      statement_timeout_ms: STATEMENT_TIMEOUT_MS,
      application_name: "foretick parity",
      passing: true,
    });
  }

  /** A connection that does not answer is left for a new one. */
  #reconnect(): void {
    void this.#sql.end({ timeout: 0 }).catch(() => undefined);
    this.#sql = this.#connect();
    this.#runs = new ParityRuns(this.#sql);
  }

  async #compareNext(symbol: string, set: FeatureSet): Promise<void> {
    const span = await this.#nextSpan(symbol, set);
    if (!span) return;
    const { bars, clock, log } = this.#options;
    const started_us = clock.now();
    const sql = this.#sql;
    const compare = () => compareSpan({ sql, bars, span, monotonicUs: () => clock.monotonicUs() });
    const { report, stands } = await comparedSettled(sql, span, started_us, compare);
    if (!stands) {
      log.debug(
        { symbol, feature_set: set.name },
        "compared again later: trades of the span are being loaded",
      );
      return;
    }
    // Not a run where nothing is borne out yet: the next round begins here again.
    if (report.to_us <= report.from_us) return;
    await this.#runs.add(report, "service", started_us);
    this.#count(report);
    this.#tell(report);
  }

  /** From where the last run ended to what is final now; undefined where that is nothing. */
  async #nextSpan(symbol: string, set: FeatureSet): Promise<ParitySpan | undefined> {
    const stored = await storedEnds(this.#sql, symbol, set, micros(0));
    if (!stored) return undefined;
    const final_us = stored.last_us - startOf(this.#options.lag_s);
    const span_us = LIMITS.parity_span_s_max * US_PER_SEC;
    const through = await this.#runs.comparedThrough(symbol, set);
    // The first run begins with what is recent; older spans are for the command.
    let from_us: number = through ?? Math.max(stored.first_us, final_us - span_us);
    const rest = through === undefined ? stored : await storedEnds(this.#sql, symbol, set, through);
    // A long silence is passed over but for its end.
    if (rest) from_us = Math.max(from_us, Math.min(rest.first_us, final_us) - span_us);
    const to_us = Math.min(from_us + span_us, final_us);
    if (from_us >= to_us) return undefined;
    return { symbol, set, from_us: micros(from_us), to_us: micros(to_us) };
  }

  #count(report: ParityReport): void {
    const { symbol, feature_set } = report;
    const counters = this.counters.find((one) => one.symbol === symbol && one.feature_set === feature_set)!;
    if (report.rows_compared > 0) counters.rows_at_us = this.#options.clock.now();
    counters.rows_compared += report.rows_compared;
    counters.rows_mismatched += report.rows_mismatched;
    counters.rows_missing += report.rows_missing;
    counters.rows_extra += report.rows_extra;
    counters.rows_unexplained += report.rows_unexplained;
    for (const [feature, { rows }] of Object.entries(report.features)) {
      counters.mismatched.set(feature, (counters.mismatched.get(feature) ?? 0) + rows);
    }
  }

  #tell(report: ParityReport): void {
    const { symbol, feature_set, rows_compared, causes, took_ms } = report;
    const { log, clock } = this.#options;
    const newest = report.differences.findLast(({ cause }) => cause === "unexplained");
    if (newest === undefined) {
      log.debug({ symbol, feature_set, rows_compared, causes, took_ms }, "live and SQL compared");
      return;
    }
    this.#unexplained = { symbol, feature_set, ts_sec: newest.ts_sec, found_us: clock.now() };
    const { ts_sec, kind, features, detail } = newest;
    log.error(
      { symbol, feature_set, rows: report.rows_unexplained, newest: { ts_sec, kind, features, detail } },
      "live and SQL differ without a known cause",
    );
  }
}

function newCounters(symbol: string, feature_set: string): ParityCounters {
  const rows = { rows_compared: 0, rows_mismatched: 0, rows_missing: 0, rows_extra: 0, rows_unexplained: 0 };
  return { symbol, feature_set, ...rows, rows_at_us: undefined, mismatched: new Map() };
}
