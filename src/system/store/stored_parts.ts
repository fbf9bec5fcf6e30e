/**
 * The parts that work on the database: bars, retention, repair, the comparison of live and SQL, the registry of models. They
 * begin when it is open, which may be long after the start.
 */

import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import type { Config } from "../../base/config.ts";
import type { Logger } from "../../base/log.ts";
import type { Rng } from "../../base/rng.ts";
import type { RestClient } from "../../binance/rest/client.ts";
import { FEATURE_SETS } from "../../features/sets/all.ts";
import type { Outcome } from "../../predict/prediction.ts";
import { Refresher } from "../../record/bars/refresher.ts";
import type { Database } from "../../record/database.ts";
import { LakeJob } from "../../record/lake/lake_job.ts";
import { lakeStoreOf, lakeTablesOf } from "../../record/lake/lake_of_config.ts";
import { OutcomeJob } from "../../record/outcomes/outcome_job.ts";
import { ParityJob } from "../../record/parity/job.ts";
import { QualityJob, type QualityJobOptions } from "../../record/quality/quality_job.ts";
import { ChampionWatch } from "../../record/registry/champion_watch.ts";
import { RoleRows } from "../../record/registry/role_rows.ts";
import { RepairJob } from "../../record/repair/repair_job.ts";
import { Maintenance } from "../../record/retention/maintenance.ts";
import type { Writer } from "../../record/write/writer.ts";
import { ExperimentJob } from "../../steer/experiments/job.ts";
import { TrainingFigures } from "../health/model/trainings.ts";
import { CalibrationRestore, type CalibrationRestoreOptions } from "./calibration_restore.ts";
import { SignalRestore, type SignalRestoreOptions } from "./signal_restore.ts";
import { Steering, type SteeringPorts } from "./steering.ts";

export interface StoredPartsOptions {
  readonly database: Database;
  readonly config: Config;
  /** The symbols this service leads. */
  readonly symbols: readonly string[];
  readonly writer: Writer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly rng: Rng;
  readonly rest: RestClient;
  /** The fences of the leases held. */
  readonly fences: () => string;
  /** Whether a symbol's look-back has been fetched. */
  readonly isWarmedUp: (symbol: string) => boolean;
  /** Trades within a symbol's look-back were repaired. */
  readonly onHealed: (symbol: string) => void;
  /** Resolves once it is noted where the processes before this one ended. */
  readonly begun: () => Promise<void>;
  /** The registry's champions may have moved. */
  readonly onMaybeMoved: () => Promise<boolean>;
  /** What the forecasts of each symbol are worth. */
  readonly calibrations: CalibrationRestoreOptions["calibrations"];
  /** What one would do about them. */
  readonly signals: SignalRestoreOptions["signals"];
  /** For what acts on judgements. */
  readonly steering: SteeringPorts;
  /** Stored sums of minutes. */
  readonly onMinutes: QualityJobOptions["onMinutes"];
  /** An outcome joined from the store. */
  readonly onOutcome: (outcome: Outcome) => void;
}

export class StoredParts {
  readonly roles: RoleRows;
  readonly refresher: Refresher;
  readonly maintenance: Maintenance;
  readonly parity: ParityJob;
  readonly outcomes: OutcomeJob;
  readonly quality: QualityJob;
  readonly repair: RepairJob;
  /** Undefined where LAKE is off. */
  readonly lake: LakeJob | undefined;
  readonly steering: Steering;
  readonly experiments: ExperimentJob;
  readonly trainings: TrainingFigures;
  readonly #calibrations: CalibrationRestore;
  readonly #signals: SignalRestore;
  readonly #champions: ChampionWatch;
  readonly #options: StoredPartsOptions;

  constructor(options: StoredPartsOptions) {
    const { database, config, symbols, writer, clock, log, onMaybeMoved, onOutcome } = options;
    this.#options = options;
    const kept = { database, clock, log: log.child({ stage: "record" }) };
    this.roles = new RoleRows(database.sql);
    this.refresher = new Refresher({ ...kept, written: writer });
    this.maintenance = new Maintenance({
      ...{ ...kept, refresher: this.refresher },
      raw_retention_days: config.raw_retention_days,
      compress_after_days: config.compress_after_days,
    });
    this.parity = new ParityJob({
      ...{ database, bars: this.refresher, writer, symbols, sets: FEATURE_SETS, clock },
      begun: options.begun,
      every_s: config.parity_every_s,
      lag_s: config.parity_lag_s,
      log: log.child({ stage: "parity" }),
    });
    this.outcomes = new OutcomeJob({ ...kept, writer, symbols, onOutcome });
    this.quality = new QualityJob({
      ...{ ...kept, bars: this.refresher, writer, symbols, onMinutes: options.onMinutes },
    });
    this.repair = new RepairJob({
      ...{ ...kept, refresher: this.refresher, writer, symbols },
      ...{ rest: options.rest, rng: options.rng, fences: options.fences, isWarmedUp: options.isWarmedUp },
      onHealed: options.onHealed,
    });
    this.experiments = new ExperimentJob({
      ...{ database, writer, symbols, fences: options.fences, clock, log: log.child({ stage: "steer" }) },
    });
    this.trainings = new TrainingFigures({ ...kept, symbols });
    const lake = lakeStoreOf(config, clock);
    this.lake =
      lake &&
      new LakeJob({
        ...{ database, bars: this.refresher, symbols, clock, log: log.child({ stage: "lake" }) },
        ...{ store: lake, tables: lakeTablesOf(config), days: config.lake_days },
        draft_dir: join(config.data_dir, "lake-drafts"),
      });
    this.steering = new Steering({
      ...{ database, config, symbols, roles: this.roles, clock, log: log.child({ stage: "steer" }) },
      ...options.steering,
    });
    this.#calibrations = new CalibrationRestore({
      ...{ sql: database.sql, clock, log: log.child({ stage: "model" }) },
      calibrations: options.calibrations,
    });
    this.#signals = new SignalRestore({
      ...{ sql: database.sql, clock, log: log.child({ stage: "signal" }), signals: options.signals },
    });
    this.#champions = new ChampionWatch({
      ...{ database, clock, log: log.child({ stage: "model" }), poll_s: config.model_poll_s },
      onMaybeMoved,
    });
  }

  start(): void {
    this.refresher.start();
    this.maintenance.start();
    if (this.#options.config.parity_every_s > 0) this.parity.start();
    this.outcomes.start();
    this.quality.start();
    this.repair.start();
    this.experiments.start();
    this.trainings.start();
    this.lake?.start();
    this.#calibrations.start();
    this.#signals.start();
    this.steering.start();
    this.#champions.start();
  }

  /** All at once, so that one that hangs keeps no other open. May be called twice. */
  async close(): Promise<void> {
    const parts = [
      ...[this.steering, this.experiments, this.#champions, this.#calibrations, this.#signals, this.outcomes],
      ...[this.quality, this.repair, this.parity, this.trainings],
      ...[this.maintenance, this.refresher],
      ...(this.lake ? [this.lake] : []),
    ];
    const closed = await Promise.allSettled(parts.map((part) => part.close()));
    const failed = closed.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
  }
}
