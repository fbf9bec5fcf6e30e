/** The JSON of `/features/latest`. */

import { z } from "zod";
import { whole } from "../describe/answers.ts";

export const vectorSchema = z
  .strictObject({
    symbol: z.string(),
    ts_sec: whole,
    feature_set: z.string(),
    set_hash: z.string(),
    warm: z.boolean(),
    names: z.array(z.string()),
    values: z.array(z.number().nullable()).meta({ description: "In the order of names, to the last bit." }),
  })
  .meta({ id: "FeatureVector" });
export type VectorJson = z.output<typeof vectorSchema>;
