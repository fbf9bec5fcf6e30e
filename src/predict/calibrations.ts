/**
 * What the forecasts of a symbol are worth: interval, probability and confidence, learned from what came true, each
 * model and horizon for itself, whatever role it has. After a restart the state is that of the stored outcomes,
 * those learned meanwhile after them.
 */

import { LIMITS } from "../base/limits.ts";
import type { ModelVersion, UnixSec } from "../base/units.ts";
import { LABELS, type Label } from "../features/label.ts";
import {
  type Calibrated,
  Calibration,
  type CalibrationState,
  type ForecastOutcome,
} from "../judge/calibration.ts";
import { RecentMoves, type RecentMovesState } from "../judge/recent_moves.ts";
import { type JoinedPrediction, NO_WORTH, type Realized, type Worth } from "./prediction.ts";
import { cadenceOf } from "./score/recent_vectors.ts";
import type { Forecast } from "./score/scorer.ts";
import { FALLBACKS_OF, isApproximation } from "./source.ts";

/** A forecast that was asked for, of no instant. */
export type AskedForecast = Pick<
  Forecast,
  "model_version" | "horizon_s" | "label" | "yhat_log_return" | "weighed_share"
>;

/** Whose outcomes are wanted: those of forecasts before `before_sec`. */
export interface PastWanted {
  readonly model_version: ModelVersion;
  readonly horizon_s: number;
  readonly before_sec: UnixSec;
}

/** A stored forecast and what came; log-returns. */
export interface PastOutcome
  extends Pick<Realized, "realized_mid_log_return" | "realized_last_log_return">,
    Omit<ForecastOutcome, "volatility"> {
  readonly ts_sec: UnixSec;
  /** Null in rows of older versions: they say how the price moved, and nothing of the forecast. */
  readonly volatility: number | null;
}

/** What the past has taught of one series: plain data. */
export interface Restored {
  readonly wanted: PastWanted;
  readonly calibration: CalibrationState;
  readonly moves: readonly { readonly label: Label; readonly state: RecentMovesState }[];
}

interface Series extends PastWanted {
  readonly cadence_s: number;
  calibration: Calibration;
  /** Learned before the past was; undefined once it was. */
  since: ForecastOutcome[] | undefined;
}

/** Moves over one horizon, by one label. */
interface Moves {
  recent: RecentMoves;
  first_sec: number;
  newest_sec: number;
  /** As of a series. */
  since: number[] | undefined;
}

export class Calibrations {
  /** By model and horizon; the one that was silent longest comes first, and goes first. */
  readonly #series = new Map<string, Series>();
  readonly #moves = new Map<string, Moves>();

  /** What a forecast is worth as of its instant; null where the moves before it are not known. */
  of(forecast: Forecast): Worth {
    const { label, horizon_s, yhat_log_return, current_price, source, weighed_share } = forecast;
    const { fallbacks = FALLBACKS_OF[source] } = forecast;
    const { calibration } = this.#seriesOf(forecast);
    const volatility = this.#movesOf(label, horizon_s).recent.size;
    if (!(volatility > 0)) return { ...NO_WORTH, p_up: 0.5, confidence: 0.5 };
    const worth = calibration.predict(yhat_log_return, volatility, fallbacks, weighed_share);
    return {
      lower_price: current_price * Math.exp(worth.lower),
      upper_price: current_price * Math.exp(worth.upper),
      lower_log_return: worth.lower,
      upper_log_return: worth.upper,
      interval_coverage: worth.coverage,
      p_up: worth.p_up,
      confidence: worth.confidence,
      volatility,
    };
  }

  /**
   * What the same model's forecasts are worth now, for one that was asked for: nothing is learned or kept. Undefined where
   * the model makes no forecasts of this symbol, or too little is known of how its price moves.
   */
  now(asked: AskedForecast): (Calibrated & { readonly volatility: number }) | undefined {
    const { label, horizon_s, yhat_log_return, weighed_share } = asked;
    const series = this.#series.get(keyOf(asked));
    const volatility = this.#moves.get(`${label} ${horizon_s}`)?.recent.size ?? 0;
    if (!series || !(volatility > 0)) return undefined;
    return { ...series.calibration.predict(yhat_log_return, volatility, [], weighed_share), volatility };
  }

  /** An outcome that has just become known, in the order of the forecasts. */
  learn(row: JoinedPrediction): void {
    this.#learnMoves(row);
    // What is learned of a model is learned of what it forecasts itself.
    if (row.volatility === null || row.realized_log_return === null || isApproximation(row.source)) return;
    const { yhat_log_return, volatility, realized_log_return } = row;
    const series = this.#seriesOf(row);
    const outcome = { yhat_log_return, volatility, realized_log_return };
    series.calibration.learn(outcome);
    series.since?.push(outcome);
  }

  /** The series that do not know their past yet. */
  get unrestored(): readonly PastWanted[] {
    return [...this.#series.values()].filter(({ since }) => since !== undefined);
  }

  /** @param past oldest first. Where it fails nothing has changed, and it can be tried again. */
  async restore(wanted: PastWanted, past: AsyncIterable<PastOutcome>): Promise<void> {
    const { horizon_s, before_sec } = wanted;
    const cadence_s = this.#series.get(keyOf(wanted))?.cadence_s ?? 1;
    const calibration = new Calibration({ horizon_s, cadence_s });
    const moves = new Map(LABELS.map((label) => [label, new RecentMoves()]));
    for await (const outcome of past) {
      if (outcome.ts_sec >= before_sec) break;
      for (const [label, recent] of moves) {
        const { first_sec } = this.#movesOf(label, horizon_s);
        if (outcome.ts_sec < first_sec) recent.observe(moveOf(outcome, label) ?? Number.NaN);
      }
      const { volatility } = outcome;
      if (volatility !== null) calibration.learn({ ...outcome, volatility });
    }
    this.adopt({
      ...{ wanted, calibration: calibration.state() },
      moves: [...moves].map(([label, recent]) => ({ label, state: recent.state() })),
    });
  }

  /** What the past has taught, and after it what was learned meanwhile. Without a wait: nothing is learned in between. */
  adopt({ wanted, calibration: state, moves }: Restored): void {
    const series = this.#series.get(keyOf(wanted));
    if (!series?.since) return;
    const { horizon_s, cadence_s } = series;
    const calibration = new Calibration({ horizon_s, cadence_s, state });
    for (const outcome of series.since) calibration.learn(outcome);
    Object.assign(series, { calibration, since: undefined });
    for (const { label, state: known } of moves) {
      const recent = new RecentMoves({ state: known });
      const held = this.#movesOf(label, horizon_s);
      if (!held.since || recent.size === 0) continue;
      for (const move of held.since) recent.observe(move);
      Object.assign(held, { recent, since: undefined });
    }
  }

  #seriesOf(of: Forecast): Series {
    const { model_version, horizon_s, ts_sec } = of;
    const key = keyOf(of);
    const held = this.#series.get(key);
    const cadence_s = held?.cadence_s ?? cadenceOf(of.feature_set);
    const series = held ?? {
      ...{ model_version, horizon_s, before_sec: ts_sec, cadence_s, since: [] },
      calibration: new Calibration({ horizon_s, cadence_s }),
    };
    this.#series.delete(key);
    this.#series.set(key, series);
    if (series.since && series.since.length > LIMITS.calibration_since_max) series.since.shift();
    for (const oldest of this.#series.keys()) {
      if (this.#series.size <= LIMITS.series_kept) break;
      this.#series.delete(oldest);
    }
    return series;
  }

  #movesOf(label: Label, horizon_s: number): Moves {
    const key = `${label} ${horizon_s}`;
    const held = this.#moves.get(key);
    if (held) return held;
    const none = { first_sec: Number.POSITIVE_INFINITY, newest_sec: Number.NEGATIVE_INFINITY };
    const made: Moves = { recent: new RecentMoves(), ...none, since: [] };
    this.#moves.set(key, made);
    return made;
  }

  /** Every model of a horizon sees the same move: it counts once. */
  #learnMoves(row: JoinedPrediction): void {
    for (const label of LABELS) {
      const move = moveOf(row, label);
      const moves = this.#movesOf(label, row.horizon_s);
      if (move === null || row.ts_sec <= moves.newest_sec) continue;
      moves.newest_sec = row.ts_sec;
      moves.first_sec = Math.min(moves.first_sec, row.ts_sec);
      moves.recent.observe(move);
      if (moves.since && moves.since.push(move) > LIMITS.calibration_since_max) moves.since.shift();
    }
  }
}

const keyOf = ({ model_version, horizon_s }: Pick<PastWanted, "model_version" | "horizon_s">): string =>
  `${model_version} ${horizon_s}`;

const moveOf = (
  row: Pick<Realized, "realized_mid_log_return" | "realized_last_log_return">,
  label: Label,
): number | null => (label === "mid" ? row.realized_mid_log_return : row.realized_last_log_return);
