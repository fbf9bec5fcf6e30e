/** The JSON of `/reliability`. */

import { z } from "zod";
import { US_PER_MS, US_PER_SEC } from "../../base/units.ts";
import type { Reliability, ReliabilityBin } from "../../record/reliability.ts";
import { instant, whole } from "../describe/answers.ts";
import { figure } from "./nullable.ts";

/** Forecasts of one bin: how many, what they promised on average, and the share that came true. */
const binShape = { n: whole, promised: z.number(), realised: z.number() };
const binSchema = z.strictObject({ from: z.number(), ...binShape }).meta({ id: "ReliabilityBin" });
type ReliabilityBinJson = z.output<typeof binSchema>;

/** Answer of `/reliability`. */
export const reliabilitySchema = z
  .strictObject({
    symbol: z.string(),
    model_version: z.string(),
    window: z.string(),
    from: instant,
    to: instant,
    p_up: z.array(binSchema).meta({
      description: "Of the forecasts whose price moved, by the probability of an up move; bins of 0.01.",
    }),
    confidence: z.array(binSchema).meta({ description: "Of the same, by the confidence in the direction." }),
    interval: z
      .strictObject({
        n: whole,
        promised: figure,
        realised: figure,
        hours: z.array(z.strictObject({ from: instant, ...binShape })),
      })
      .meta({ description: "The share of outcomes inside, all of them and by hour." }),
  })
  .meta({ id: "Reliability" });
export type ReliabilityJson = z.output<typeof reliabilitySchema>;

export function reliabilityJson(of: Reliability): Pick<ReliabilityJson, "p_up" | "confidence" | "interval"> {
  const binJson = ({ bin, n, promised, realised }: ReliabilityBin): ReliabilityBinJson => ({
    ...{ from: bin, n, promised, realised },
  });
  const n = of.interval.reduce((sum, bin) => sum + bin.n, 0);
  const mean = (name: "promised" | "realised"): number | null =>
    n === 0 ? null : of.interval.reduce((sum, bin) => sum + bin.n * bin[name], 0) / n;
  return {
    p_up: of.p_up.map(binJson),
    confidence: of.confidence.map(binJson),
    interval: {
      ...{ n, promised: mean("promised"), realised: mean("realised") },
      hours: of.interval.map((bin) => ({
        ...binJson(bin),
        from: new Date((bin.bin * US_PER_SEC) / US_PER_MS).toISOString(),
      })),
    },
  };
}
