/**
 * Gives every stored prediction its outcome, whatever ended the process that made it: what the live path did not
 * join is joined from the stored quotes. The last hour is looked at every few seconds; after a start all of the
 * history once, a day at a time, the newest first. Doing it again changes nothing.
 */

import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { pause, withDeadline } from "../../base/deadline.ts";
import type { ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { DAY_US, type Micros, micros, startOf, US_PER_SEC } from "../../base/units.ts";
import { type Outcome, VENUE } from "../../predict/prediction.ts";
import type { Database } from "../database.ts";
import { RoundConnection } from "../rounds/round_connection.ts";
import { RoundJob, roundPauseMs } from "../rounds/round_job.ts";
import { asked } from "../sql/asked.ts";
import { microsFromText, textFromMicros } from "../sql/time_text.ts";
import { brokenOutcomes } from "./broken_outcomes.ts";
import { type OutcomeSpan, openOutcomes } from "./open_predictions.ts";

export interface OutcomeJobOptions {
  readonly database: Pick<Database, "connect">;
  /** What has been decided must be stored before the store is asked. */
  readonly writer: { flush(): Promise<void> };
  readonly symbols: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Takes an outcome: stores it, shows it. */
  readonly onOutcome: (outcome: Outcome) => void;
}

export interface OutcomeJobStats {
  /** Outcomes joined from the store. */
  readonly joined: number;
  /** Outcomes that turned out to be across a break, and are unknown now. */
  readonly taken_back: number;
  readonly failures: number;
  /** Why the last round could not be finished; undefined where it was. */
  readonly last_error: ForetickError | undefined;
}

const RECENT_US = 3_600 * US_PER_SEC;

export class OutcomeJob extends RoundJob {
  readonly #options: OutcomeJobOptions;
  /** Where the walk through the history goes on, by symbol (µs); 0 once it is through. */
  readonly #history_to = new Map<string, number>();
  #joined = 0;
  #taken_back = 0;

  constructor(options: OutcomeJobOptions) {
    const connection = new RoundConnection(options.database, {
      statement_timeout_ms: LIMITS.outcome_join_timeout_ms,
      application_name: "foretick outcomes",
    });
    super({
      clock: options.clock,
      round: (signal) => connection.during((sql) => this.#round(sql, signal)),
      cut: () => connection.cut(),
      pauseMs: (last_error) => roundPauseMs(LIMITS.outcome_join_every_ms, last_error),
      onFailed: ({ code, message }, before) => {
        if (before) return;
        options.log.warn(
          { code, reason: message },
          "outcomes could not be joined from the store: trying again",
        );
      },
    });
    this.#options = options;
  }

  get stats(): OutcomeJobStats {
    const { failures, last_error } = this;
    return { joined: this.#joined, taken_back: this.#taken_back, failures, last_error };
  }

  async #round(sql: Sql, signal: AbortSignal): Promise<void> {
    const { symbols } = this.#options;
    for (const symbol of symbols) await this.#recent(sql, symbol, signal);
    for (const symbol of symbols) await this.#history(sql, symbol, signal);
  }

  async #recent(sql: Sql, symbol: string, signal: AbortSignal): Promise<void> {
    const final_us = await this.#finalOf(sql, symbol, signal);
    if (final_us === undefined) return;
    const from_us = micros(Math.max(0, final_us - RECENT_US));
    await this.#span(sql, { symbol, from_us, to_us: final_us }, final_us, signal);
    if (!this.#history_to.has(symbol)) this.#history_to.set(symbol, from_us);
  }

  /** Some days of the history, the newest not looked at yet; empty stretches are passed over. */
  async #history(sql: Sql, symbol: string, signal: AbortSignal): Promise<void> {
    for (let days = 0; days < LIMITS.outcome_walk_days_max && !signal.aborted; days++) {
      const to_us = this.#history_to.get(symbol) ?? 0;
      const last_us = to_us === 0 ? undefined : await lastPredictionBefore(sql, symbol, to_us);
      const from_us = micros(last_us === undefined ? 0 : Math.max(0, last_us - DAY_US));
      if (last_us !== undefined) {
        await this.#span(sql, { symbol, from_us, to_us: micros(to_us) }, micros(to_us + DAY_US), signal);
        // Leaves the database time for the rest.
        await pause(this.#options.clock, LIMITS.outcome_walk_pause_ms, signal);
      }
      this.#history_to.set(symbol, from_us);
      if (from_us === 0) return;
    }
  }

  /** Horizons that end before this are decided; undefined while no quote is stored. */
  async #finalOf(sql: Sql, symbol: string, signal: AbortSignal): Promise<Micros | undefined> {
    await this.#flushed(signal);
    const newest_us = await newestQuote(sql, symbol);
    return newest_us === undefined
      ? undefined
      : micros(Math.max(0, newest_us - LIMITS.outcome_join_lag_s * US_PER_SEC));
  }

  async #span(sql: Sql, span: OutcomeSpan, final_us: Micros, signal: AbortSignal): Promise<void> {
    const { symbol, to_us } = span;
    const limit = LIMITS.outcome_join_rows_max;
    let { from_us } = span;
    let joined = 0;
    for (let more = true; more; ) {
      const outcomes = await openOutcomes(sql, { symbol, from_us, to_us }, { final_us, limit });
      joined += this.#take(outcomes);
      const last = outcomes.at(-1);
      more = outcomes.length === limit && startOf(last!.ts_sec) > from_us;
      if (more) from_us = startOf(last!.ts_sec);
    }
    this.#joined += joined;
    const taken_back = this.#take(await brokenOutcomes(sql, span));
    this.#taken_back += taken_back;
    if (joined + taken_back === 0) return;
    this.#options.log.info({ symbol, joined, taken_back }, "outcomes joined from the store");
    await this.#flushed(signal);
  }

  #take(outcomes: readonly Outcome[]): number {
    for (const outcome of outcomes) this.#options.onOutcome(outcome);
    return outcomes.length;
  }

  #flushed(signal: AbortSignal): Promise<void> {
    const { writer, clock } = this.#options;
    return withDeadline(writer.flush(), {
      ...{ clock, limit: "outcome_flush_ms_max", what: "the rows written before outcomes are joined" },
      signal,
    });
  }
}

/** Exchange time of the newest believed quote. */
async function newestQuote(sql: Sql, symbol: string): Promise<Micros | undefined> {
  const text = `
    select ts from quotes where symbol = $1 and not late and set_aside is null order by ts desc limit 1`;
  const [row] = await asked(sql.unsafe<{ ts: string }[]>(text, [symbol]));
  return row && microsFromText(row.ts);
}

async function lastPredictionBefore(
  sql: Sql,
  symbol: string,
  before_us: number,
): Promise<Micros | undefined> {
  const text =
    "select ts from predictions where venue = $1 and symbol = $2 and ts < $3 order by ts desc limit 1";
  const [row] = await asked(
    sql.unsafe<{ ts: string }[]>(text, [VENUE, symbol, textFromMicros(micros(before_us))]),
  );
  return row && microsFromText(row.ts);
}
