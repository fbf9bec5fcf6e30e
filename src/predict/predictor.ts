/**
 * Closed seconds in, predictions out, of every model that has a role. The champion is scored first; the others follow
 * it, each in a queue of its own and all under the tick's one deadline, so that none holds up the champion or
 * another. Where the champion gives no forecast, something else's is served in its place, under its own name and role:
 * the last good model's, and down the ladder.
 */

import { describeError } from "../base/errors.ts";
import { US_PER_MS, US_PER_SEC } from "../base/units.ts";
import type { Model } from "../model/model.ts";
import { ModelSlot } from "../model/model_slot.ts";
import type { Role } from "../model/role.ts";
import type { Roster } from "../model/roster.ts";
import type { Given, Ladder } from "./ladder/ladder.ts";
import { hasTrades } from "./ladder/last_known.ts";
import type { ClosedSecond } from "./lane/output.ts";
import type { Prediction, Worth } from "./prediction.ts";
import { RecentVectors } from "./score/recent_vectors.ts";
import {
  type Forecast,
  type NoPrediction,
  Scorer,
  type ScorerCounters,
  type ScorerOptions,
  type Taken,
  zeroScorerCounters,
} from "./score/scorer.ts";
import { ClockTimes, type TickTimes } from "./score/tick_times.ts";
import { belongsTo, type SeriesChoice } from "./series.ts";
import { FALLBACKS_OF, type ForecastSource } from "./source.ts";

/** The champion's ticks. */
export interface PredictorCounters extends ScorerCounters {
  /** Ticks whose second closed after the deadline: it was held back, or its events came late. */
  skipped_late: number;
  /** Ticks between two prediction times (PREDICT_INTERVAL_MS). */
  skipped_interval: number;
  /** Ticks at which another's forecast was served because the champion gave none. */
  stood_in: number;
}

export interface PredictorOptions extends Omit<ScorerOptions, "recent" | "times"> {
  readonly roster: Roster;
  /** What a forecast comes down where something is missing. Default: none but the last good model stands in. */
  readonly ladder?: Ladder | undefined;
  /** Default: by the clock. */
  readonly times?: TickTimes | undefined;
  readonly interval_ms: number;
  /** What a forecast is worth, from what came of those before it. */
  readonly worth: (forecast: Forecast) => Worth;
  /** @param weighed the weights of the model's features had a say in its confidence. */
  readonly onPrediction: (prediction: Prediction, weighed: boolean) => void;
}

/** The champion's part of a tick. */
interface ChampionTick {
  readonly model: Model;
  /** It is shown no live vector. */
  readonly missing: boolean;
  readonly forecast: Promise<Forecast | undefined>;
}

/** What the models beside it make of the tick. */
interface BesideTick {
  /** Someone's forecast is the symbol's. */
  readonly served: Promise<boolean>;
  /** Those that are shown no live vector either. */
  readonly untaken: readonly Scorer[];
}

/** Part of the time left that the others wait for a champion that does not answer. */
const PATIENCE = 0.5;

export class Predictor {
  readonly counters: PredictorCounters = {
    ...zeroScorerCounters(),
    ...{ skipped_late: 0, skipped_interval: 0, stood_in: 0 },
  };
  readonly #options: PredictorOptions & ScorerOptions;
  readonly #champion: Scorer;
  /** Of forecasts that no trained model makes. */
  readonly #given: Scorer;
  /** By their slots, for those of the last tick. */
  #beside = new Map<ModelSlot, Scorer>();
  /** What is under way beside the champions' queue. */
  readonly #under_way = new Set<Promise<void>>();

  constructor(options: PredictorOptions) {
    this.#options = {
      ...options,
      recent: new RecentVectors(),
      times: options.times ?? new ClockTimes(options),
    };
    const { champion } = options.roster;
    this.#champion = new Scorer(champion, this.#options, this.counters);
    this.#given = new Scorer(new ModelSlot(champion.current, options.log, "fallback"), this.#options);
  }

  /** Every model that is scored: the champion, then the others as the last tick found them. */
  get scorers(): readonly Scorer[] {
    return [this.#champion, ...this.#beside.values()];
  }

  /** The last reason a tick gave no forecast of the champion. */
  get reason(): NoPrediction {
    return this.#champion.reason;
  }

  /** The scorer that makes the forecasts of such a series now; undefined where no model does. */
  scorerOf(choice: SeriesChoice): Scorer | undefined {
    return this.scorers.find(({ slot }) => {
      const { version: model_version, horizon_s } = slot.current;
      const served = slot.role === "champion";
      return belongsTo({ model_version, role: slot.role, horizon_s, served }, choice);
    });
  }

  /** Ticks not yet scored by every model. */
  get waiting(): number {
    return this.#champion.waiting + this.#under_way.size;
  }

  /** Resolves when every tick taken so far is scored or skipped. */
  async idle(): Promise<void> {
    await this.#champion.idle();
    await Promise.all(this.#under_way);
  }

  /** Takes a closed second; returns at once. */
  onClosed(second: ClosedSecond): void {
    const { interval_ms, clock, roster, recent, times, ladder } = this.#options;
    const left_ms = times.closed(second, roster);
    for (const vector of second.vectors) recent.push(vector);
    ladder?.take(second);
    if ((second.ts_sec * US_PER_SEC) % (interval_ms * US_PER_MS) !== 0) {
      this.counters.skipped_interval++;
      return;
    }
    const champion_due = this.#champion.isDue(second);
    if (left_ms < 0) {
      if (champion_due) this.#skipLate(-left_ms);
      return;
    }
    const decided_us = clock.monotonicUs();
    const champion = champion_due ? this.#scoreChampion(second, decided_us) : undefined;
    const beside = this.#scoreBeside(second, decided_us, champion);
    if (champion && ladder) this.#follow(this.#descend(ladder, second, decided_us, champion, beside));
  }

  #skipLate(over_ms: number): void {
    this.counters.skipped_late++;
    this.#champion.reason = `the last second closed ${over_ms.toFixed(0)} ms after its forecast was due: data came late, or waited for a look-back`;
  }

  /** Its forecast is given out as soon as it is there. */
  #scoreChampion(second: ClosedSecond, decided_us: number): ChampionTick {
    const { ladder } = this.#options;
    const model = this.#champion.slot.current;
    const standIn = ladder && ((one: Model) => ladder.lastValues(second, one));
    const taken = this.#champion.take(second, decided_us, standIn);
    const scored = taken ? this.#champion.score(taken) : Promise.resolve(undefined);
    const forecast = scored.then((made) => {
      if (made) this.#give(made, true);
      return made;
    });
    return { model, missing: taken?.made !== "live", forecast };
  }

  /** @param champion its part of this tick; undefined where none of its forecasts is due. */
  #scoreBeside(second: ClosedSecond, decided_us: number, champion?: ChampionTick): BesideTick {
    this.#followRoster();
    const { version } = this.#champion.slot.current;
    const { times } = this.#options;
    const untaken: Scorer[] = [];
    const under_way: {
      readonly taken: Taken;
      readonly role: Role;
      readonly made: Promise<Forecast | undefined>;
    }[] = [];
    let turn: Promise<unknown> | undefined;
    for (const scorer of this.#beside.values()) {
      // Just promoted: it is the champion's forecast from now on.
      if (scorer.slot.current.version === version || !scorer.isDue(second)) continue;
      const taken = scorer.take(second, decided_us);
      if (!taken) {
        untaken.push(scorer);
        continue;
      }
      turn ??= champion && times.championIsDone(champion.forecast, second.ts_sec, PATIENCE);
      under_way.push({ taken, role: scorer.slot.role, made: scorer.score(taken, turn) });
    }
    let served = champion?.forecast.then((forecast) => forecast !== undefined) ?? Promise.resolve(true);
    // The last good model goes before one of another set.
    for (const { taken, role, made } of under_way.sort(
      (a, b) => lastGoodFirst(a.role) - lastGoodFirst(b.role),
    )) {
      const source = champion && this.#standsInAs(taken, role, champion);
      const before = served;
      if (source) served = before.then(async (is_served) => is_served || (await made) !== undefined);
      this.#follow(
        made.then(async (forecast) => {
          if (!forecast) return;
          if (source && !(await before)) this.#standIn(forecast, source);
          else this.#give(forecast, false);
        }),
      );
    }
    return { served, untaken };
  }

  /** As what a model's forecast is the symbol's where none before it gave one; undefined where it never is. */
  #standsInAs({ model, second }: Taken, role: Role, champion: ChampionTick): ForecastSource | undefined {
    const { horizon_s, label, feature_set } = champion.model;
    if (model.horizon_s !== horizon_s) return undefined;
    // Whole, and as old as what the champion is missing: it is no better.
    if (champion.missing && !hasTrades(second)) return undefined;
    if (role === "fallback" && model.label === label) return "fallback_model";
    if (!this.#options.ladder || second.doubted) return undefined;
    return champion.missing && model.feature_set !== feature_set ? "fallback_set" : undefined;
  }

  /** The rungs below the models that see a live vector, where none of them gave a forecast. */
  async #descend(
    ladder: Ladder,
    second: ClosedSecond,
    decided_us: number,
    { model, missing }: ChampionTick,
    { served, untaken }: BesideTick,
  ): Promise<void> {
    if (await served) return;
    if (!missing) {
      await this.#scoreGiven(second, decided_us, ladder.zero(second, model));
      return;
    }
    const candidates = [this.#champion, ...untaken]
      .map((scorer) => ({ scorer, model: scorer.slot.current }))
      .filter((one) => one.model.horizon_s === model.horizon_s);
    const found = ladder.ticker(second, candidates);
    if (found) {
      const { scorer } = found.scored;
      const forecast = await scorer.score({ ...scorer.lease(second, decided_us), ...found.input });
      if (forecast) {
        this.#standIn(forecast, forecast.source);
        return;
      }
    }
    await this.#scoreGiven(second, decided_us, ladder.trend(second, model));
  }

  async #scoreGiven(second: ClosedSecond, decided_us: number, given: Given | undefined): Promise<void> {
    if (!given) return;
    const { model, input } = given;
    const forecast = await this.#given.score({ second, model, decided_us, release: () => {}, ...input });
    if (forecast) this.#standIn(forecast, forecast.source);
  }

  #standIn(forecast: Forecast, source: ForecastSource): void {
    this.counters.stood_in++;
    const { fallbacks = [] } = forecast;
    const more = source === forecast.source ? [] : FALLBACKS_OF[source];
    this.#give({ ...forecast, source, fallbacks: [...fallbacks, ...more] }, true);
  }

  #follow(work: Promise<void>): void {
    this.#under_way.add(work);
    void work.finally(() => this.#under_way.delete(work));
  }

  #give({ fallbacks, weighed_share, ...forecast }: Forecast, served: boolean): void {
    const { worth, onPrediction, log } = this.#options;
    try {
      const worth_now = worth({ ...forecast, fallbacks, weighed_share });
      onPrediction({ ...forecast, served, ...worth_now }, weighed_share !== undefined);
    } catch (error) {
      // The tick has no forecast for anyone, whatever its model gave.
      if (served) this.counters.failed++;
      const { ts_sec, model_version: version } = forecast;
      log.error({ ts_sec, version, error: describeError(error) }, "a forecast could not be given out");
    }
  }

  /** Models come and go between two ticks. */
  #followRoster(): void {
    const options = this.#options;
    const { beside } = options.roster;
    if (beside.length === this.#beside.size && beside.every((slot) => this.#beside.has(slot))) return;
    this.#beside = new Map(beside.map((slot) => [slot, this.#beside.get(slot) ?? new Scorer(slot, options)]));
  }
}

const lastGoodFirst = (role: Role): number => (role === "fallback" ? 0 : 1);
