/** The JSON of `/signals/latest`. */

import { z } from "zod";
import { E8, isoOf, startOf, US_PER_SEC } from "../../base/units.ts";
import { DIRECTIONS } from "../../judge/signal/signal_of.ts";
import { instant, whole } from "../describe/answers.ts";
import type { SignalView } from "../ports.ts";
import { figure, isoOrNull, whenever } from "./nullable.ts";

const percent = z.number().meta({ minimum: 0, maximum: 100 });
const ofDirection = <Prefix extends string>(prefix: Prefix) =>
  DIRECTIONS.map((name) => `${prefix}${name}` as const);

/** What one would do about a forecast. Probabilities and confidence are 0 to 100. */
export const signalShape = {
  direction: z.enum(DIRECTIONS),
  confidence: percent,
  probabilities: z.strictObject({ BUY: percent, HOLD: percent, SELL: percent }),
  recommendation: z.enum([
    ...ofDirection("STRONG_"),
    ...ofDirection(""),
    ...ofDirection("WEAK_"),
    "AVOID" as const,
  ]),
  position_multiplier: z.number(),
  risk_level: z.enum(["LOW", "MEDIUM", "HIGH"]),
  cost_bp: z.number().meta({ description: "The move that counts (basis points)." }),
};

const strategySchema = z.strictObject({
  strategy: z.string(),
  ticks: whole,
  from: whenever,
  to: whenever,
  trades: whole,
  is_open: z.boolean(),
  net: z.number().meta({ description: "moves − spread − fees, of what was staked." }),
  moves: z.number(),
  spread: z.number(),
  fees: z.number(),
  win_rate: figure,
  profit_factor: figure,
  max_drawdown: z.number(),
  sharpe: figure,
});

/** Answer of `/signals/latest`. */
export const signalsLatestSchema = z
  .strictObject({
    symbol: z.string(),
    ts_sec: whole,
    timestamp: instant,
    model_version: z.string(),
    role: z.string(),
    horizon_s: whole,
    signal: z.strictObject({
      ...signalShape,
      weights_applied: z.boolean().meta({
        description:
          "Whether the weights had a say in the confidence of the forecast, and so in the probabilities.",
      }),
      weights: z.record(z.string(), z.number()).nullable().meta({
        description:
          "How much the model reads each feature, the mean is 1; null where that was not measured when it was trained.",
      }),
    }),
    bid_price: figure.meta({
      description: "The quote that stood when it was given out; null where none was known.",
    }),
    ask_price: figure,
    ledger: z.strictObject({
      since: instant.meta({ description: "Midnight." }),
      complete: z.boolean().meta({
        description: "False until what was stored of the day before a restart has been read.",
      }),
      fee_bp: z.number(),
      strategies: z.array(strategySchema),
    }),
  })
  .meta({ id: "SignalsLatest" });
export type SignalsLatestJson = z.output<typeof signalsLatestSchema>;

export function signalsLatestJson({ latest, weights, ledgers }: SignalView): SignalsLatestJson {
  const { symbol, ts_sec, model_version, role, horizon_s } = latest;
  const { direction, confidence, probabilities, recommendation, position_multiplier, risk_level } = latest;
  const price = (e8: number | null): number | null => (e8 === null ? null : e8 / E8);
  return {
    ...{ symbol, ts_sec, timestamp: isoOf(startOf(ts_sec)), model_version, role, horizon_s },
    signal: {
      ...{ direction, confidence, probabilities: { ...probabilities }, recommendation },
      ...{ position_multiplier, risk_level, cost_bp: latest.cost_bp },
      weights_applied: latest.weights_applied,
      weights: weights === undefined ? null : { ...weights },
    },
    ...{ bid_price: price(latest.bid_price_e8), ask_price: price(latest.ask_price_e8) },
    ledger: {
      ...{ since: isoOf(startOf(ledgers.since_sec)), complete: ledgers.complete, fee_bp: ledgers.fee_bp },
      strategies: ledgers.figures.map(({ from_sec, to_sec, ...figures }) => ({
        ...figures,
        ...{ from: secondIso(from_sec), to: secondIso(to_sec) },
      })),
    },
  };
}

const secondIso = (sec: number | null): string | null => isoOrNull(sec === null ? null : sec * US_PER_SEC);
