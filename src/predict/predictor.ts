/**
 * Closed seconds in, predictions out, of every model that has a role. The champion is scored first; the others follow
 * it, each in a queue of its own and all under the tick's one deadline, so that none holds up the champion or
 * another. Where the champion gives no forecast, the fallback's is served in its place, under its own name and role.
 */

import { describeError } from "../base/errors.ts";
import { US_PER_MS, US_PER_SEC } from "../base/units.ts";
import type { ModelSlot } from "../model/model_slot.ts";
import type { Roster } from "../model/roster.ts";
import type { ClosedSecond } from "./lane/output.ts";
import type { Prediction, Worth } from "./prediction.ts";
import { RecentVectors } from "./score/recent_vectors.ts";
import {
  type Forecast,
  type NoPrediction,
  Scorer,
  type ScorerCounters,
  type ScorerOptions,
  zeroScorerCounters,
} from "./score/scorer.ts";
import { ClockTimes, type TickTimes } from "./score/tick_times.ts";
import { belongsTo, type SeriesChoice } from "./series.ts";

/** The champion's ticks. */
export interface PredictorCounters extends ScorerCounters {
  /** Ticks whose second closed after the deadline: it was held back, or its events came late. */
  skipped_late: number;
  /** Ticks between two prediction times (PREDICT_INTERVAL_MS). */
  skipped_interval: number;
  /** Ticks at which the fallback's forecast was served because the champion gave none. */
  stood_in: number;
}

export interface PredictorOptions extends Omit<ScorerOptions, "recent" | "times"> {
  readonly roster: Roster;
  /** Default: by the clock. */
  readonly times?: TickTimes | undefined;
  readonly interval_ms: number;
  /** What a forecast is worth, from what came of those before it. */
  readonly worth: (forecast: Forecast) => Worth;
  readonly onPrediction: (prediction: Prediction) => void;
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
    this.#champion = new Scorer(options.roster.champion, this.#options, this.counters);
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
    const { interval_ms, clock, roster, recent, times } = this.#options;
    const left_ms = times.closed(second, roster);
    for (const vector of second.vectors) recent.push(vector);
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
    this.#scoreBeside(second, decided_us, champion);
  }

  #skipLate(over_ms: number): void {
    this.counters.skipped_late++;
    this.#champion.reason = `the last second closed ${over_ms.toFixed(0)} ms after its forecast was due: data came late, or waited for a look-back`;
  }

  /** Resolves with its forecast, which is given out as soon as it is there. */
  async #scoreChampion(second: ClosedSecond, decided_us: number): Promise<Forecast | undefined> {
    const taken = this.#champion.take(second, decided_us);
    if (!taken) return undefined;
    const forecast = await this.#champion.score(taken);
    if (forecast) this.#give(forecast, true);
    return forecast;
  }

  /** @param champion its forecast of this tick; undefined where none is due. */
  #scoreBeside(second: ClosedSecond, decided_us: number, champion?: Promise<Forecast | undefined>): void {
    this.#followRoster();
    if (this.#beside.size === 0) return;
    const { version } = this.#champion.slot.current;
    const { times } = this.#options;
    let turn: Promise<unknown> | undefined;
    for (const scorer of this.#beside.values()) {
      // Just promoted: it is the champion's forecast from now on.
      if (scorer.slot.current.version === version || !scorer.isDue(second)) continue;
      const taken = scorer.take(second, decided_us);
      if (!taken) continue;
      turn ??= champion && times.championIsDone(champion, second.ts_sec, PATIENCE);
      const given = scorer.score(taken, turn).then(async (forecast) => {
        if (forecast) this.#give(forecast, await this.#standsIn(scorer, champion));
      });
      this.#under_way.add(given);
      void given.finally(() => this.#under_way.delete(given));
    }
  }

  /** The fallback's forecast is the symbol's where the champion gave none and both are of the same kind. */
  async #standsIn({ slot }: Scorer, champion?: Promise<Forecast | undefined>): Promise<boolean> {
    if (slot.role !== "fallback" || !champion || (await champion)) return false;
    const { horizon_s, label } = this.#champion.slot.current;
    if (slot.current.horizon_s !== horizon_s || slot.current.label !== label) return false;
    this.counters.stood_in++;
    return true;
  }

  #give(forecast: Forecast, served: boolean): void {
    const { worth, onPrediction, log } = this.#options;
    try {
      onPrediction({ ...forecast, served, ...worth(forecast) });
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
