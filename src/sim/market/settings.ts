/** The settings of a simulated market, with their defaults and ranges. */

import { fail } from "../../base/errors.ts";
import { micros, US_PER_SEC } from "../../base/units.ts";
import type { SignalKind } from "./planted_signal.ts";

export interface SimulatorOptions {
  /** Upper case. Default BTCUSDT. */
  readonly symbol?: string;
  /** An integer; runs of different seeds have nothing in common. */
  readonly seed: number;
  /** The market begins with the whole second that holds this time (µs). */
  readonly start_us: number;
  /** Share of the label's variance that the true mean explains, in the long run; 0 possible. Default 0.02. */
  readonly r2?: number;
  /** The label's horizon (s). Default 10. */
  readonly horizon_s?: number;
  /**
   * What the price drifts by: "linear", the book's imbalance; "flow", the last second's taker imbalance, which
   * trades alone show; "interaction", the product of the book's imbalance and the
   * last second's taker imbalance, invisible to anything linear. Default linear.
   */
  readonly signal?: SignalKind;
  /** Half-life of a planted state (s). Default 5. */
  readonly signal_half_life_s?: number;
  /** From the second that holds this time on (µs) the price drifts by nothing; what the features show goes on. Default never. */
  readonly signal_until_us?: number;
  /** From the second that holds this time on (µs) the price drifts the other way: a model learned before is wrong in sign. Default never. */
  readonly signal_flips_at_us?: number;
  /** From the second that holds this time on (µs) it drifts as at the beginning again. Default never. */
  readonly signal_flips_back_at_us?: number;
  /** Mean trades per second. Default 30. */
  readonly trades_per_s?: number;
  /** Mean quotes per second; at least one per second and one per order. Default 45. */
  readonly quotes_per_s?: number;
  /** Root mean square of the unpredictable log return of one second. Default 1e-4. */
  readonly volatility_1s?: number;
  /** false: no depth diffs, for training data; trades and quotes are the same. Default true. */
  readonly depth?: boolean;
  /** Levels per side. Default 1,000, at least 20. */
  readonly levels?: number;
  /** Price at the start, in quote units. Default 61,000. */
  readonly price?: number;
  /** Smallest difference of two prices, at 1e-8. Default 1,000,000 (0.01). */
  readonly tick_e8?: number;
  /** Smallest quantity, at 1e-8. Default 1,000 (0.00001). */
  readonly step_e8?: number;
}

/** The options, complete, and the second the market begins with. */
export type SimulatorSettings = Required<Omit<SimulatorOptions, "start_us">> & { readonly start_sec: number };

/** @throws ForetickError CONFIG_INVALID where an option is out of range. */
export function simulatorSettings(options: SimulatorOptions): SimulatorSettings {
  const settings: SimulatorSettings = {
    symbol: options.symbol ?? "BTCUSDT",
    seed: options.seed,
    start_sec: Math.floor(micros(options.start_us) / US_PER_SEC),
    r2: options.r2 ?? 0.02,
    horizon_s: options.horizon_s ?? 10,
    signal: options.signal ?? "linear",
    signal_half_life_s: options.signal_half_life_s ?? 5,
    signal_until_us: options.signal_until_us ?? Number.POSITIVE_INFINITY,
    signal_flips_at_us: options.signal_flips_at_us ?? Number.POSITIVE_INFINITY,
    signal_flips_back_at_us: options.signal_flips_back_at_us ?? Number.POSITIVE_INFINITY,
    trades_per_s: options.trades_per_s ?? 30,
    quotes_per_s: options.quotes_per_s ?? 45,
    volatility_1s: options.volatility_1s ?? 1e-4,
    depth: options.depth ?? true,
    levels: options.levels ?? 1_000,
    price: options.price ?? 61_000,
    tick_e8: options.tick_e8 ?? 1_000_000,
    step_e8: options.step_e8 ?? 1_000,
  };
  const check = (name: keyof SimulatorSettings, expected: string, holds: boolean): void => {
    if (!holds)
      fail("CONFIG_INVALID", `${name} of the simulator expected ${expected}, was ${settings[name]}`);
  };
  const within = (name: keyof SimulatorSettings, low: number, high: number, whole = false): void => {
    const value = Number(settings[name]);
    const expected = `${whole ? "an integer" : "a number"} from ${low} to ${high}`;
    check(name, expected, value >= low && value <= high && (!whole || Number.isInteger(value)));
  };
  check("seed", "a 32-bit integer", settings.seed === (settings.seed | 0));
  check("symbol", "an upper-case name", /^[A-Z0-9]{1,20}$/.test(settings.symbol));
  within("horizon_s", 1, 600, true);
  within("signal_half_life_s", 0.1, 3_600);
  within("trades_per_s", 0.1, 1_000);
  within("quotes_per_s", 1, 1_000);
  within("volatility_1s", 1e-6, 0.01);
  within("levels", 20, 5_000, true);
  within("tick_e8", 1, 1e8, true);
  within("step_e8", 1, 1e8, true);
  within("price", (100_000 * settings.tick_e8) / 1e8, 10_000_000);
  return settings;
}
