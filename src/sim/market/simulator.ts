/**
 * A seeded market without end: order flow with memory, changing volatility, a book, bursts and silences, and
 * a predictable part whose share of the label's variance is stated and whose true value is known each
 * second. The same options give the same messages. docs/simulator.md has the formulas.
 */

import { E8, US_PER_SEC } from "../../base/units.ts";
import type { MarketSource, SourceMessage } from "../../binance/capture/market_source.ts";
import { Oracle } from "./oracle.ts";
import { PlantedSignal } from "./planted_signal.ts";
import { type SimulatorOptions, type SimulatorSettings, simulatorSettings } from "./settings.ts";
import { SimulatedMarket } from "./simulated_market.ts";
import { STILL_SHARE } from "./tempo.ts";

export interface SimulatedSource extends MarketSource {
  readonly oracle: Oracle;
}

/** @throws ForetickError CONFIG_INVALID where an option is out of range. */
export function simulatedSource(options: SimulatorOptions): SimulatedSource {
  const settings = simulatorSettings(options);
  const begin = (): SimulatedMarket => new SimulatedMarket(settings, plantedSignal(settings));
  const oracle = new Oracle(() => plantedSignal(settings), settings);
  const messages = (): Iterator<SourceMessage> => new Messages(begin());
  return {
    symbol: settings.symbol,
    description: `simulator seed ${settings.seed}, R² ${settings.r2} (${settings.signal})`,
    start_us: messages().next().value.at_us,
    snapshot: begin().snapshot(),
    messages,
    oracle,
  };
}

class Messages implements Iterator<SourceMessage> {
  readonly #market: SimulatedMarket;
  #second: SourceMessage[] = [];
  #next = 0;

  constructor(market: SimulatedMarket) {
    this.#market = market;
  }

  next(): IteratorResult<SourceMessage> {
    if (this.#next === this.#second.length) {
      this.#second = this.#market.nextSecond();
      this.#next = 0;
    }
    return { done: false, value: this.#second[this.#next++]! };
  }
}

/** The signal in its state at the market's beginning. */
function plantedSignal(settings: SimulatorSettings): PlantedSignal {
  const secondOf = (at_us: number): number => Math.floor(at_us / US_PER_SEC) - settings.start_sec;
  return new PlantedSignal({
    seed: settings.seed,
    kind: settings.signal,
    r2: settings.r2,
    horizon_s: settings.horizon_s,
    half_life_s: settings.signal_half_life_s,
    noise_variance_1s: settings.volatility_1s ** 2,
    // At either end the mid is the fair price rounded to half a tick up or down: a uniform error, 1/12 each.
    rounding_variance: (settings.tick_e8 / E8 / settings.price) ** 2 / 6,
    still_share: STILL_SHARE,
    ends_s: secondOf(settings.signal_until_us),
    flips_s: secondOf(settings.signal_flips_at_us),
    flips_back_s: secondOf(settings.signal_flips_back_at_us),
  });
}
