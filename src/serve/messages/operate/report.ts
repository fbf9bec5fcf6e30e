/**
 * The JSON of a model's report card: of `report.json` in its bundle what people look at first. All else of it is in the
 * bundle, which `bun run models show` names.
 */

import { z } from "zod";
import { instant, whole } from "../../describe/answers.ts";
import { figure } from "../nullable.ts";

const interval = z.tuple([z.number(), z.number()]).nullable();

const scoreSchema = z.object({
  model: z.string(),
  rows: whole,
  r2: figure,
  mae_cut: figure.meta({ description: "Share of the mean absolute error of no move that it saves." }),
  ic_pearson: figure,
  hit_rate: figure,
  calibration_slope: figure,
  intervals: z.object({ coverage: z.number(), r2: interval, hit_rate: interval }),
});

const errors = z.object({ mae: figure, rmse: figure, price_mae: figure });
const traded = z.object({
  ...{ trades: whole, gross: figure, cost: figure, net: figure, net_total: figure, win_rate: figure },
  profit_factor: figure,
});
const stretch = z.object({ from_us: z.number(), to_us: z.number(), rows: whole });

export const reportSchema = z
  .object({
    name: z.string(),
    version: z.string(),
    created_at: instant,
    kind: z.string(),
    horizon_s: whole,
    label: z.string(),
    data: z.object({ symbol: z.string(), sources: z.array(z.string()) }),
    split: z.object({ train: stretch, test: stretch }),
    verdict: z.object({ skill: z.string(), sentence: z.string() }),
    proposal: z.object({ sentence: z.string() }),
    servable: z.boolean(),
    proposed: z.boolean(),
    gate_reasons: z.record(z.string(), z.string()).meta({ description: "Why each gate is there." }),
    scores: z.array(scoreSchema).min(1).meta({ description: "This model first, then every baseline." }),
    figures: z.object({
      ...{ model: errors, no_move: errors, directional_accuracy: figure, correlation: figure },
      ...{ hit_rate_top_tenth: figure, rows_top_tenth: whole },
    }),
    calibration: z
      .array(z.object({ rows: whole, forecast: figure, outcome: figure, standard_error: figure }))
      .meta({ description: "Equal parts by forecast." }),
    along_time: z.array(z.object({ from_sec: whole, rows: whole, r2: figure, ic: figure })),
    importance: z
      .array(z.object({ feature: z.string(), r2_lost: figure, range: interval }))
      .meta({ description: "R² lost where a feature's minutes change places, the largest first." }),
    coverage: z.object({
      nominal: z.number(),
      adaptive: z.object({ coverage: figure, width: figure }),
    }),
    trading: z.object({
      fee: z.number(),
      caveat: z.string(),
      every: traded,
      worthwhile: traded,
      free: traded,
    }),
  })
  .meta({ id: "ReportCard" });
export type ReportJson = z.output<typeof reportSchema>;

/** What is read of it; undefined where it is of another form than this build reads. */
export function reportJson(written: unknown): ReportJson | undefined {
  const read = reportSchema.safeParse(written);
  return read.success ? read.data : undefined;
}
