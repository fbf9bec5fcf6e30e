/**
 * Looks every quarter of an hour whether the market has left what the champion was trained on, writes what it sees, and
 * asks for a training where that is not what it was for a day. Drift of inputs is a warning: the realised error
 * decides what serves. Only for symbols whose lease this service holds.
 */

import type { Clock } from "../../base/clock.ts";
import { pause } from "../../base/deadline.ts";
import { describeError, type ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { US_PER_SEC } from "../../base/units.ts";
import type { DriftReport } from "../../judge/drift/drift.ts";
import type { Database } from "../../record/database.ts";
import { addDriftRun } from "../../record/drift/drift_runs.ts";
import { RoundConnection } from "../../record/rounds/round_connection.ts";
import { RoundJob, roundPauseMs } from "../../record/rounds/round_job.ts";
import type { Requested, TrainingRequest } from "../../record/training/request.ts";
import type { DriftEvent } from "../events.ts";
import { Lived, type LookedAt } from "./look.ts";

export interface DriftJobOptions {
  readonly database: Pick<Database, "connect">;
  readonly symbols: readonly string[];
  readonly leads: (symbol: string) => boolean;
  /** What serves a symbol now; undefined while nothing does. */
  readonly championOf: (symbol: string) => LookedAt | undefined;
  /** MONITORING_WINDOW_HOURS. */
  readonly hours: number;
  /** DRIFT_THRESHOLD. */
  readonly psi_fixed: number;
  /** Asks for a training, where it is not asked for already. */
  readonly requestTraining: (request: TrainingRequest) => Promise<Requested>;
  /** A training is called for, at each look that says so, or no longer. */
  readonly onEvent: (event: DriftEvent) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The last look at a symbol's champion. */
export interface DriftLook {
  readonly symbol: string;
  readonly model_version: string;
  /** Null before the first look, and where the bundle has no reference. */
  readonly report: DriftReport | null;
  readonly has_reference: boolean;
}

export interface DriftJobStats {
  readonly looks: readonly DriftLook[];
  readonly runs: number;
  readonly failures: number;
  readonly last_error: ForetickError | undefined;
}

interface Watched {
  readonly model: LookedAt;
  readonly lived: Lived | undefined;
  report: DriftReport | null;
  /** It was told that a training is called for. */
  told: boolean;
}

const EVIDENCE_FEATURES = 5;

export class DriftJob extends RoundJob {
  readonly #options: DriftJobOptions;
  readonly #watched = new Map<string, Watched>();
  #runs = 0;

  constructor(options: DriftJobOptions) {
    const connection = new RoundConnection(options.database, {
      statement_timeout_ms: LIMITS.drift_timeout_ms,
      application_name: "foretick drift",
    });
    super({
      clock: options.clock,
      first_ms: LIMITS.drift_first_ms,
      round: (signal) => connection.during((sql) => this.#round(sql, signal)),
      cut: () => connection.cut(),
      pauseMs: (last_error) => roundPauseMs(LIMITS.drift_every_ms, last_error),
      onFailed: (error, before) => {
        if (before) return;
        options.log.warn({ error: describeError(error) }, "drift could not be looked at: trying again");
      },
    });
    this.#options = options;
  }

  get stats(): DriftJobStats {
    const looks = [...this.#watched].map(([symbol, { model, lived, report }]) => ({
      ...{ symbol, model_version: model.version, report, has_reference: lived !== undefined },
    }));
    const { failures, last_error } = this;
    return { looks, runs: this.#runs, failures, last_error };
  }

  async #round(sql: Parameters<typeof addDriftRun>[0], signal: AbortSignal): Promise<void> {
    const { symbols, leads, championOf, clock } = this.#options;
    for (const symbol of symbols) {
      const model = championOf(symbol);
      if (!model || !leads(symbol)) {
        this.#watched.delete(symbol);
        continue;
      }
      const watched = this.#watchedOf(symbol, model);
      if (!watched.lived) continue;
      // Leaves the database and the ticks time: after a start a day is read.
      const between = (): Promise<void> => pause(clock, LIMITS.drift_pause_ms, signal);
      const more = await watched.lived.read(sql, between, signal);
      if (signal.aborted) return;
      if (more) await this.#look(sql, symbol, watched, watched.lived);
    }
  }

  #watchedOf(symbol: string, model: LookedAt): Watched {
    const held = this.#watched.get(symbol);
    if (held?.model.version === model.version) return held;
    const lived = model.drift && new Lived(symbol, model, model.drift);
    const watched: Watched = { model, lived, report: null, told: false };
    this.#watched.set(symbol, watched);
    return watched;
  }

  async #look(
    sql: Parameters<typeof addDriftRun>[0],
    symbol: string,
    watched: Watched,
    lived: Lived,
  ): Promise<void> {
    const { hours, psi_fixed, clock, log } = this.#options;
    const report = lived.look(hours, { psi_fixed });
    const model_version = watched.model.version;
    const training = await this.#ask(symbol, model_version, lived.end_us, report);
    await addDriftRun(sql, {
      ...{
        at_us: clock.now(),
        symbol,
        model_version,
        source: "service",
        to_us: lived.end_us,
        report,
        training,
      },
    });
    this.#runs++;
    if (report.recommendation !== (watched.report?.recommendation ?? "none")) {
      const said = { symbol, model_version, ...evidenceOf(report), training };
      const level = report.recommendation === "none" ? "info" : "warn";
      log[level](said, `drift: ${report.recommendation}`);
    }
    watched.report = report;
    this.#tell(symbol, watched, report);
  }

  /** At each such look, for an event of which no other follows is over after a while. */
  #tell(symbol: string, watched: Watched, report: DriftReport): void {
    const is_now = report.recommendation === "retrain_now";
    const is_over = watched.told && report.recommendation === "none";
    if (!is_now && !is_over) return;
    watched.told = is_now;
    const { clock, onEvent } = this.#options;
    const model_version = watched.model.version;
    const evidence = evidenceOf(report);
    const names = evidence.drifted.map(({ name }) => name).join(", ");
    const text = is_now
      ? `the market of ${symbol} has left what ${model_version} was trained on, for a ${report.span}: ${names}`
      : `the market of ${symbol} is again as ${model_version} was trained on`;
    onEvent({ kind: "drift", at_us: clock.now(), symbol, model_version, is_over, text, evidence });
  }

  async #ask(
    symbol: string,
    model_version: string,
    to_us: number,
    report: DriftReport,
  ): Promise<string | null> {
    if (report.recommendation !== "retrain_now") return null;
    const to = new Date((to_us / US_PER_SEC) * 1_000).toISOString();
    const evidence = { model_version, to, ...evidenceOf(report) };
    const { sentence } = await this.#options.requestTraining({ symbol, reason: "drift", evidence });
    return sentence;
  }
}

/** What a recommendation rests on. */
function evidenceOf({
  recommendation,
  span,
  completeness,
  drift_score,
  features,
  forecast,
  label,
}: DriftReport) {
  const drifted = [...features.slice(0, EVIDENCE_FEATURES), forecast, label].flatMap((one) =>
    one?.drifted
      ? [{ name: one.name, measure: one.measure, score: one.score, threshold: one.threshold }]
      : [],
  );
  return { recommendation, span, completeness, drift_score, drifted };
}
