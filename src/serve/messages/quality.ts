/** The JSON of `/quality`. */

import { z } from "zod";
import { US_PER_MS, US_PER_SEC } from "../../base/units.ts";
import type { QualityAnswer } from "../../predict/quality_minutes.ts";
import { FIGURE_SOURCES } from "../../predict/source.ts";
import { instant, whole } from "../describe/answers.ts";
import type { QualityView } from "../ports.ts";
import { figure } from "./nullable.ts";

/** What a window says of a model; null where undefined, and where there is too little for an interval. */
const figuresShape = {
  n: whole,
  n_effective: z.number(),
  r2: figure,
  r2_low: figure,
  r2_high: figure,
  mae_cut: figure,
  ic: figure,
  hit_rate: figure,
  moves: whole,
  calibration_slope: figure,
  coverage: figure,
  width: figure,
};
type FiguresJson = z.output<z.ZodObject<typeof figuresShape>>;

const whoseShape = { model_version: z.string(), role: z.string(), source: z.enum(FIGURE_SOURCES) };

/** Answer of `/quality`. */
export const qualitySchema = z
  .strictObject({
    ...whoseShape,
    ...figuresShape,
    symbol: z.string(),
    window: z.string(),
    horizon_s: whole,
    label: z.string(),
    from: instant.meta({
      description: "The window: minutes of forecasts, the last one perhaps still open.",
    }),
    to: instant,
    baselines: z.strictObject({
      zero: z.strictObject({ mae: figure, rmse: figure }).meta({
        description: "The errors of forecasting no move, what every figure is against (log-return).",
      }),
      ridge: z
        .strictObject({ ...whoseShape, ...figuresShape })
        .optional()
        .meta({
          description: "The ridge model scored beside it on the same horizon and label, where there is one.",
        }),
    }),
  })
  .meta({ id: "Quality" });
export type QualityJson = z.output<typeof qualitySchema>;

export function qualityJson(symbol: string, { model, ridge }: QualityView): QualityJson {
  const { model_version, role, source, window, horizon_s, label, from_minute, newest_minute } = model;
  return {
    ...{ symbol, model_version, role, source, window, horizon_s, label },
    ...{ from: iso(from_minute), to: iso(newest_minute + 1) },
    ...figuresOf(model),
    baselines: {
      zero: model.zero,
      ...(ridge && {
        ridge: {
          ...{ model_version: ridge.model_version, role: ridge.role, source: ridge.source },
          ...figuresOf(ridge),
        },
      }),
    },
  };
}

function figuresOf({ quality }: QualityAnswer): FiguresJson {
  const { intervals: _, ...figures } = quality;
  return figures;
}

const iso = (minute: number): string => new Date((minute * 60 * US_PER_SEC) / US_PER_MS).toISOString();
