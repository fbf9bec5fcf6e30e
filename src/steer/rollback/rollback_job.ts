/**
 * Takes a champion back that errs far more than no forecast, or whose signal is gone. Every few seconds it reads what came
 * true since its last look; after a restart it reads the day again, so the alarms are where they were. Only for symbols whose
 * lease this service holds, only where AUTO_ROLLBACK is on, and once an hour at most. A row is written before anything
 * moves: a process that dies in between leaves it, and the next one ends what was begun.
 */

import { describeError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { ModelVersion } from "../../base/units.ts";
import type { Alarm } from "../../judge/alarms.ts";
import { cadenceOf } from "../../predict/score/recent_vectors.ts";
import type { JudgedTicks } from "../../record/outcomes/judged_ticks.ts";
import type { RoleChoice } from "../../record/registry/role_rows.ts";
import { RoundJob, roundPauseMs } from "../../record/rounds/round_job.ts";
import type { Requested, TrainingRequest } from "../../record/training/request.ts";
import type { RollbackEvent } from "../events.ts";
import { ChampionAlarms } from "./champion_alarms.ts";
import { alarmText, decideRollback, evidenceOf } from "./decide.ts";
import { TakeBack, type TakeBackOptions } from "./take_back.ts";
import { type RollbackStats, type Watched, watchedChampion } from "./watched.ts";

const DAY_S = 86_400;
const WAITS = {
  not_allowed: "AUTO_ROLLBACK is off",
  within_an_hour: "a champion was taken back less than an hour ago",
} as const;

export interface RollbackJobOptions extends TakeBackOptions {
  readonly symbols: readonly string[];
  /** Whether this service holds the symbol's lease. */
  readonly leads: (symbol: string) => boolean;
  /** AUTO_ROLLBACK. */
  readonly allowed: boolean;
  readonly ticks: Pick<JudgedTicks, "of" | "newest" | "between" | "ridges">;
  /** Serves the forecast of no move for a symbol in place of a broken version that nothing can replace. */
  readonly standDown: (symbol: string, version: ModelVersion, why: string) => void;
  readonly onEvent: (event: RollbackEvent) => void;
  /** Asks for a training, where it is not asked for already. */
  readonly requestTraining: (request: TrainingRequest) => Promise<Requested>;
  readonly log: Logger;
}

export class RollbackJob extends RoundJob {
  readonly #options: RollbackJobOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #take_back: TakeBack;
  #rollbacks = 0;

  constructor(options: RollbackJobOptions) {
    super({
      clock: options.clock,
      round: (signal) => this.#round(signal),
      pauseMs: (last_error) => roundPauseMs(LIMITS.steer_every_ms, last_error),
      onFailed: (error, before) => {
        if (error.code === before?.code) return;
        options.log.warn(
          { error: describeError(error) },
          "realised errors could not be judged: trying again",
        );
      },
    });
    this.#options = options;
    this.#take_back = new TakeBack(options);
  }

  get stats(): RollbackStats {
    const champions = [...this.#watched].map(([symbol, watched]) => watchedChampion(symbol, watched));
    const { allowed } = this.#options;
    return { allowed, rollbacks: this.#rollbacks, champions, last_error: this.last_error };
  }

  override start(): void {
    if (!this.#options.allowed) {
      this.#options.log.warn("AUTO_ROLLBACK is off: alarms on realised error are told, and nothing is done");
    }
    super.start();
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { symbols, leads, roles } = this.#options;
    const champions = await roles.champions(symbols);
    for (const symbol of symbols) {
      const champion = champions.get(symbol);
      if (signal.aborted) return;
      if (!champion || !leads(symbol)) this.#watched.delete(symbol);
      else await this.#look(symbol, champion, signal);
    }
  }

  async #look(symbol: string, champion: RoleChoice, signal: AbortSignal): Promise<void> {
    let watched = this.#watched.get(symbol);
    if (watched?.choice.version !== champion.version || watched.choice.place.symbol !== champion.place.symbol)
      watched = await this.#begin(symbol, champion);
    if (!watched) return;
    await this.#learn(symbol, watched, signal);
    if (!signal.aborted) await this.#decide(symbol, watched);
  }

  /** @returns undefined while it has made no forecast yet. */
  async #begin(symbol: string, choice: RoleChoice): Promise<Watched | undefined> {
    const { ticks } = this.#options;
    this.#watched.delete(symbol);
    const stuck_by = await this.#take_back.endBegun(symbol, choice);
    const judged = await ticks.of(symbol, choice.version);
    if (!judged) return undefined;
    const ridges = await ticks.ridges();
    const alarms = new ChampionAlarms({
      ...{ version: choice.version, horizon_s: judged.horizon_s, cadence_s: cadenceOf(judged.feature_set) },
      isRidge: (version) => ridges.has(version),
    });
    const watched: Watched = {
      ...{ choice, judged, alarms, waits: null, told: undefined, stuck: undefined },
    };
    this.#watched.set(symbol, watched);
    if (stuck_by && this.#options.allowed) this.#standDown(symbol, watched, stuck_by);
    return watched;
  }

  async #learn(symbol: string, watched: Watched, signal: AbortSignal): Promise<void> {
    const { ticks } = this.#options;
    const { judged, alarms } = watched;
    const newest = await ticks.newest(symbol, judged.horizon_s);
    if (newest === undefined) return;
    const to_sec = newest - LIMITS.steer_settle_s;
    const day_sec = Math.floor(to_sec / DAY_S) * DAY_S - LIMITS.steer_variance_past_s;
    const from_sec = Math.max(day_sec, alarms.newest_sec + 1);
    if (from_sec > to_sec) return;
    for await (const tick of ticks.between({ symbol, ...judged, from_sec, to_sec })) {
      if (signal.aborted) return;
      alarms.learn(tick);
    }
  }

  async #decide(symbol: string, watched: Watched): Promise<void> {
    const { allowed, clock, rows } = this.#options;
    const { alarm } = watched.alarms;
    if (!alarm || watched.stuck !== undefined) return;
    const decision = decideRollback({
      ...{ alarm, newest_sec: watched.alarms.newest_sec, allowed, now_us: clock.now() },
      last_us: await rows.lastReturn(symbol),
    });
    watched.waits = decision.do === "wait" ? decision.why : null;
    if (decision.do === "nothing") watched.alarms.answered();
    if (decision.do === "roll_back") await this.#rollBack(symbol, watched, decision.alarm);
    if (decision.do === "wait" && watched.told !== alarm) {
      watched.told = alarm;
      this.#tellWaiting(symbol, watched.choice.version, alarm, decision.why);
    }
  }

  #tellWaiting(symbol: string, version: ModelVersion, alarm: Alarm, why: keyof typeof WAITS): void {
    const text = `${version} of ${symbol} keeps serving: ${alarmText(alarm)}; ${WAITS[why]}`;
    this.#options.log.error({ symbol, version, alarm: alarm.alarm }, text);
    if (why === "not_allowed") this.#tell(symbol, version, alarm, { status: why, version_after: null }, text);
  }

  async #rollBack(symbol: string, watched: Watched, alarm: Alarm): Promise<void> {
    const { version } = watched.choice;
    const end = await this.#take_back.now(symbol, watched.choice, alarm);
    this.#rollbacks++;
    watched.alarms.answered();
    const now =
      end.version_after === null ? (end.problem ?? "nothing serves instead") : `${end.version_after} serves`;
    const text = `${version} of ${symbol} was taken back: ${alarmText(alarm)}; ${now}`;
    this.#options.log.error({ symbol, version, status: end.status }, text);
    this.#tell(symbol, version, alarm, end, text);
    if (end.status === "no_fallback") this.#standDown(symbol, watched, alarm.alarm);
    if (end.status !== "refused") await this.#ask(symbol, version, alarm);
  }

  /** What serves now is the last good one, no more: another is trained. Workers ask too, should this fail. */
  async #ask(symbol: string, version: ModelVersion, alarm: Alarm): Promise<void> {
    const { requestTraining, log } = this.#options;
    // As it is stored: what JSON does not have is null.
    const evidence = JSON.parse(JSON.stringify({ ...evidenceOf(alarm), model_version: version }));
    try {
      const { sentence } = await requestTraining({ symbol, reason: "realised_error", evidence });
      log.info({ symbol }, sentence);
    } catch (error) {
      log.warn({ symbol, error: describeError(error) }, "no training could be asked for after a rollback");
    }
  }

  /** Nothing to go back to: said loudly, and what is broken serves no more. */
  #standDown(symbol: string, watched: Watched, alarm: Alarm["alarm"]): void {
    const { version } = watched.choice;
    const serves =
      alarm === "broken" ? "the forecast of no move is served until another is promoted" : "it keeps serving";
    watched.stuck = `${version} is ${alarm}, and there is no version to go back to: ${serves}`;
    this.#options.log.error({ symbol, version }, watched.stuck);
    if (alarm === "broken") this.#options.standDown(symbol, version, watched.stuck);
  }

  #tell(
    symbol: string,
    version_before: ModelVersion,
    alarm: Alarm,
    { status, version_after }: Pick<RollbackEvent, "status" | "version_after">,
    text: string,
  ): void {
    const evidence = evidenceOf(alarm);
    const at_us = this.#options.clock.now();
    const event = {
      at_us,
      symbol,
      alarm: alarm.alarm,
      status,
      version_before,
      version_after,
      text,
      evidence,
    };
    this.#options.onEvent({ kind: "rollback", ...event });
  }
}
