/**
 * Judges the experiments of the symbols this service leads, every few seconds: what came true since the last round. Keeps
 * how each stands for health, metrics and the split of traffic.
 */

import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import type { ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Database } from "../../record/database.ts";
import { RoundConnection } from "../../record/rounds/round_connection.ts";
import { RoundJob, roundPauseMs } from "../../record/rounds/round_job.ts";
import type { Split } from "../deploy/traffic.ts";
import { advance } from "./advance.ts";
import { type RunningExperiment, runningExperiments } from "./rows.ts";
import { rolesOf } from "./start.ts";

export interface ExperimentJobOptions {
  readonly database: Pick<Database, "connect" | "sql">;
  /** What has been decided must be stored before the store is asked. */
  readonly writer: { flush(): Promise<void> };
  /** Those this service leads. */
  readonly symbols: readonly string[];
  /** The fences of the leases held. */
  readonly fences: () => string | null;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ExperimentJobStats {
  /** As of the last round. */
  readonly running: readonly RunningExperiment[];
  readonly blocks: number;
  readonly ended: number;
  readonly failures: number;
  /** Why the last round could not be finished; undefined where it was. */
  readonly last_error: ForetickError | undefined;
}

export class ExperimentJob extends RoundJob {
  readonly #options: ExperimentJobOptions;
  #running: readonly RunningExperiment[] = [];
  #blocks = 0;
  #ended = 0;

  constructor(options: ExperimentJobOptions) {
    const connection = new RoundConnection(options.database, {
      statement_timeout_ms: LIMITS.experiment_timeout_ms,
      application_name: "foretick experiments",
    });
    super({
      clock: options.clock,
      round: (signal) => this.#round(connection, signal),
      cut: () => connection.cut(),
      pauseMs: (last_error) => roundPauseMs(LIMITS.experiment_every_ms, last_error),
      onFailed: ({ code, message }, before) => {
        if (!before)
          options.log.warn({ code, reason: message }, "experiments could not be judged: trying again");
      },
    });
    this.#options = options;
  }

  get stats(): ExperimentJobStats {
    const { failures, last_error } = this;
    return { running: this.#running, blocks: this.#blocks, ended: this.#ended, failures, last_error };
  }

  /** How a symbol's clients are split now: who is served `b`. It has no part in the judging. */
  splitOf(symbol: string): Split | undefined {
    const one = this.#running.find((each) => each.symbol === symbol && each.traffic_split > 0);
    return one && { version: one.b, share: one.traffic_split, salt: `experiment ${one.experiment_id}` };
  }

  async #round(connection: RoundConnection, signal: AbortSignal): Promise<void> {
    const { database, symbols, clock, writer } = this.#options;
    this.#running = await runningExperiments(database.sql, symbols);
    if (this.#running.length === 0) return;
    const limit = { clock, limit: "experiment_flush_ms_max" as const, what: "the rows written before" };
    await withDeadline(writer.flush(), limit);
    await connection.during(async (sql) => {
      for (const experiment of this.#running) await this.#judge(sql, experiment, signal);
    });
    this.#running = await runningExperiments(database.sql, symbols);
  }

  async #judge(sql: Sql, experiment: RunningExperiment, signal: AbortSignal): Promise<void> {
    const { log, fences } = this.#options;
    const { name, symbol, a, b } = experiment;
    const roles = await rolesOf(sql, symbol);
    const lost = [a, b].find((version) => !roles.has(version));
    const obstacle = lost && `${lost} is no longer scored for ${symbol}`;
    const { blocks, ended } = await advance(sql, experiment, { fences: fences(), obstacle, signal });
    this.#blocks += blocks;
    if (!ended) return;
    this.#ended++;
    log.info({ symbol, name, a, b, winner: ended.winner }, `an experiment has ended: ${ended.because}`);
  }
}
