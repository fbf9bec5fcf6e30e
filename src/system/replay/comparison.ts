/**
 * What a replay gives, held against what the run gave: every vector and every forecast, until the first difference.
 * Features are compared to the bit anywhere. Forecasts are, too, on the machine they were made on; another processor's
 * or runtime's ONNX kernels may differ in the last bits, so that elsewhere they are held to the tolerance of the model's
 * manifest, and what follows from a forecast is compared with the captured one.
 */

import type { Inference } from "../../model/model.ts";
import type { CapturedSecond } from "../../predict/capture/closed_second.ts";
import type { GapRecord, TickRecord } from "../../predict/capture/input_log.ts";
import { readRecord } from "../../predict/capture/read_record.ts";
import type { ClosedSecond } from "../../predict/lane/output.ts";
import type { Prediction } from "../../predict/prediction.ts";
import type { Tick } from "../../predict/score/tick_times.ts";
import { type Difference, predictionDifference, secondDifference, vectorDifference } from "./difference.ts";

/** What is in the database. Each gives the first difference, and counts what it has compared. */
export interface Stored {
  seconds(seconds: readonly ClosedSecond[]): Promise<StoredResult>;
  predictions(predictions: readonly Prediction[]): Promise<StoredResult>;
}

export interface StoredResult {
  readonly difference: Difference | undefined;
  readonly compared: number;
  /** Not in the database. */
  readonly missing: number;
}

export interface ComparisonOptions {
  readonly from_sec: number | undefined;
  readonly to_sec: number | undefined;
  readonly stored: Stored | undefined;
  /** Of a run whose beginning is not here: vectors are compared once they are warm, from so long after it on (s). */
  readonly warm_after_s: number | undefined;
  /** The other machine it was captured on; undefined where it is this one. */
  readonly machine: string | undefined;
  readonly other_model: string | undefined;
  /** How far a model's forecasts may be from those of another machine (log-return). */
  readonly toleranceOf: (tick: Pick<Tick, "role" | "version">) => number;
}

/** What a forecast is without what its past made of it, which a run that begins in the middle does not know. */
const OF_THE_MODEL = ["yhat_log_return", "current_price", "predicted_price", "set_hash", "feature_set"];
/** Seconds compared with the database at once. */
const STORED_SECONDS = 600;

export class Comparison {
  seconds = 0;
  vectors = 0;
  forecasts = 0;
  /** Seconds closed before the first that is compared, of a run that begins in the middle. */
  seconds_cold = 0;
  /** Forecasts that are not the same to the bit, and lie within the tolerance; and the largest distance (log-return). */
  forecasts_near = 0;
  distance_max = 0;
  /** Rows of the replay that the database does not have. */
  not_stored = 0;
  difference: Difference | undefined;
  gap: GapRecord | undefined;
  torn_bytes = 0;
  /** The newest second. */
  ts_sec = 0;
  #first_sec = 0;
  readonly options: ComparisonOptions;
  #given: Prediction[] = [];
  #stored_seconds: ClosedSecond[] = [];
  #stored_predictions: Prediction[] = [];

  constructor(options: ComparisonOptions) {
    this.options = options;
  }

  /** Past the last second that is compared, with all its forecasts. */
  get is_over(): boolean {
    const { to_sec } = this.options;
    return to_sec !== undefined && this.ts_sec > to_sec + 1;
  }

  get wants_check(): boolean {
    return this.#stored_seconds.length >= STORED_SECONDS;
  }

  /** @returns what was left of the second's tick (ms). */
  closed(captured: CapturedSecond | undefined, second: ClosedSecond): number {
    this.ts_sec = second.ts_sec;
    this.#first_sec ||= second.ts_sec;
    if (!captured) {
      if (!this.#is_cold)
        this.#note({ ts_sec: second.ts_sec, of: "closed", expected: undefined, replayed: second.ts_sec });
      return -1;
    }
    if (this.#is_cold) this.#compareWarm(captured, second);
    else if (this.#isAsked(second.ts_sec)) {
      this.seconds++;
      if (this.options.stored) this.#stored_seconds.push(second);
      else {
        this.vectors += second.vectors.length;
        this.#note(secondDifference(captured, second));
      }
    }
    return captured.left_ms;
  }

  /** The run closed a second that the replay does not close. */
  notClosed({ ts_sec }: CapturedSecond): void {
    if (!this.#is_cold) this.#note({ ts_sec, of: "closed", expected: ts_sec, replayed: undefined });
  }

  failed(failure: string): void {
    this.#note({ ts_sec: this.ts_sec, of: "the lane", expected: "no error", replayed: failure });
  }

  /** @returns the answer to go on with. */
  answer(tick: Tick, answer: Inference, captured: TickRecord): Inference {
    const { yhat = answer.yhat, source = answer.source } = captured;
    const distance = Math.abs(answer.yhat - yhat);
    const { machine, other_model, toleranceOf } = this.options;
    const replaced = other_model !== undefined && tick.role === "champion";
    // The run's own evaluator was the other one, or the machine is.
    const near = machine !== undefined || source !== answer.source;
    if (!replaced && !near) return answer;
    if (!Object.is(answer.yhat, yhat) && this.#isAsked(tick.ts_sec)) {
      this.forecasts_near++;
      this.distance_max = Math.max(this.distance_max, distance);
      if (!replaced && !(distance <= toleranceOf(tick))) {
        const of = `forecast of ${tick.version} as ${tick.role}, beyond its tolerance of ${toleranceOf(tick)}`;
        this.#note({ ts_sec: tick.ts_sec, of, expected: yhat, replayed: answer.yhat });
      }
    }
    return { yhat, source };
  }

  /** The run scored a tick. @param played the replay did, too. */
  tick(played: boolean, payload: Uint8Array): void {
    if (played || this.#is_cold) return;
    const { ts_sec, role, version } = readRecord("tick", payload);
    if (!this.#isAsked(ts_sec)) return;
    this.#note({ ts_sec, of: `forecast of ${version} as ${role}`, expected: "scored", replayed: undefined });
  }

  /** The replay gives out a forecast. */
  replayed(prediction: Prediction): void {
    this.#given.push(prediction);
  }

  /** The run gave out a forecast. */
  prediction(expected: Prediction): void {
    const at = this.#given.findIndex(
      ({ ts_sec, role, model_version }) =>
        ts_sec === expected.ts_sec && role === expected.role && model_version === expected.model_version,
    );
    const { ts_sec, role, model_version } = expected;
    const [replayed] = at < 0 ? [] : this.#given.splice(at, 1);
    // Those before it the run did not give.
    const extra = this.#is_cold ? undefined : this.#given.find((one) => one.ts_sec < ts_sec - 1);
    if (extra) {
      const of = `forecast of ${extra.model_version} as ${extra.role}`;
      this.#note({ ts_sec: extra.ts_sec, of, expected: undefined, replayed: extra.yhat_log_return });
    }
    if (!this.#isAsked(ts_sec) || (this.#is_cold && (!replayed || !this.#isWarm(ts_sec)))) return;
    if (!replayed) {
      const of = `forecast of ${model_version} as ${role}`;
      this.#note({ ts_sec, of, expected: expected.yhat_log_return, replayed: undefined });
      return;
    }
    if (this.options.stored) this.#stored_predictions.push(replayed);
    else {
      this.forecasts++;
      this.#note(predictionDifference(expected, replayed, this.#is_cold ? OF_THE_MODEL : undefined));
    }
  }

  /** Compares with the database what has come together. */
  async check(): Promise<void> {
    const { stored } = this.options;
    if (!stored || this.difference) return;
    const [seconds, predictions] = [this.#stored_seconds, this.#stored_predictions];
    [this.#stored_seconds, this.#stored_predictions] = [[], []];
    const vectors = await stored.seconds(seconds);
    const forecasts = await stored.predictions(predictions);
    this.vectors += vectors.compared;
    this.forecasts += forecasts.compared;
    this.not_stored += vectors.missing + forecasts.missing;
    const [one, other] = [vectors.difference, forecasts.difference];
    this.#note(one && other ? (one.ts_sec <= other.ts_sec ? one : other) : (one ?? other));
  }

  get #is_cold(): boolean {
    return this.options.warm_after_s !== undefined;
  }

  #isWarm(ts_sec: number): boolean {
    return ts_sec > this.#first_sec + (this.options.warm_after_s ?? 0);
  }

  #compareWarm(captured: CapturedSecond, second: ClosedSecond): void {
    if (!this.#isWarm(second.ts_sec) || captured.ts_sec !== second.ts_sec) {
      this.seconds_cold++;
      return;
    }
    if (!this.#isAsked(second.ts_sec)) return;
    this.seconds++;
    for (const [at, vector] of second.vectors.entries()) {
      const expected = captured.vectors[at]!;
      if (!vector.warm || !expected.warm) continue;
      this.vectors++;
      this.#note(vectorDifference(expected, vector));
    }
  }

  #isAsked(ts_sec: number): boolean {
    const { from_sec = 0, to_sec = Number.POSITIVE_INFINITY } = this.options;
    return ts_sec >= from_sec && ts_sec <= to_sec;
  }

  #note(difference: Difference | undefined): void {
    this.difference ??= difference;
  }
}
