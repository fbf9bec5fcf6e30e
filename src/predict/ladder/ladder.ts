/**
 * What a symbol's forecast is made from where its champion cannot see a live vector, or does not answer: rung after
 * rung, each worth less than the one before (`source.ts`). Synchronous, and a function of what has closed and what the
 * ticker has said, so that a replay comes down the same rungs.
 */

import { modelVersion } from "../../base/units.ts";
import { LABELS } from "../../features/label.ts";
import { type Forecasts, forecastsOf, givenModel } from "../../model/given_model.ts";
import type { Model } from "../../model/model.ts";
import { ZERO_VERSION } from "../../model/zero_model.ts";
import type { ClosedSecond } from "../lane/output.ts";
import type { Input } from "../score/input.ts";
import { LastKnown } from "./last_known.ts";
import { PriceTrend } from "./price_trend.ts";
import { readsTicker, type TickerReading, TickerReadings } from "./ticker.ts";

const TREND_VERSION = modelVersion("trend/1");

/** A forecast that needs no model of its own. */
export interface Given {
  readonly model: Model;
  readonly input: Input;
}

export interface LadderOptions {
  /** The ticker is needed: an answer to come goes to `onTicker`. */
  readonly wantTicker: () => void;
}

export class Ladder {
  readonly #options: LadderOptions;
  readonly #last = new LastKnown();
  readonly #trend = new PriceTrend();
  readonly #tickers = new TickerReadings();

  constructor(options: LadderOptions) {
    this.#options = options;
  }

  /** Every second, in order, before it is scored. */
  take(second: ClosedSecond): void {
    this.#last.take(second);
    this.#trend.take(second);
  }

  onTicker(reading: TickerReading): void {
    this.#tickers.take(reading);
  }

  /** What the model is shown where its vector has a null; undefined: nothing. */
  lastValues(second: ClosedSecond, model: Model): Input | undefined {
    return second.doubted ? undefined : this.#last.input(second, model);
  }

  /** What one of the models is shown of the ticker; asks for it. Undefined: nothing. */
  ticker<Scored extends { readonly model: Model }>(
    second: ClosedSecond,
    models: readonly Scored[],
  ): { readonly scored: Scored; readonly input: Input } | undefined {
    const scored = models.find(({ model }) => readsTicker(model));
    if (second.doubted || !scored) return undefined;
    this.#options.wantTicker();
    const input = this.#tickers.input(second, scored.model);
    return input && { scored, input };
  }

  /** The line through the last prices, in place of `model`: of its label, or of the other where only that is known. */
  trend(second: ClosedSecond, model: Model): Given | undefined {
    for (const label of [model.label, ...LABELS.filter((other) => other !== model.label)]) {
      const rise = this.#trend.rise(label, model.horizon_s);
      if (rise === undefined) continue;
      const given = this.#given(
        second,
        { ...forecastsOf(model), label },
        TREND_VERSION,
        rise,
        "fallback_trend",
      );
      if (given) return given;
    }
    return undefined;
  }

  /** No move, in place of `model`; undefined where that forecasts none itself. */
  zero(second: ClosedSecond, model: Model): Given | undefined {
    if (model.version === ZERO_VERSION) return undefined;
    return this.#given(second, model, ZERO_VERSION, 0, "fallback_zero");
  }

  #given(
    second: ClosedSecond,
    like: Forecasts,
    version: typeof ZERO_VERSION,
    yhat: number,
    made: "fallback_trend" | "fallback_zero",
  ): Given | undefined {
    const price = this.#last.price(second, like.label);
    const vector = second.vectors.find(({ feature_set }) => feature_set === like.feature_set);
    if (second.doubted || price === undefined || !vector) return undefined;
    const newest_us = second.newest_event_us ?? 0;
    return {
      model: givenModel(version, like),
      input: { vector, values: Float64Array.of(yhat), price, made, newest_us },
    };
  }
}
