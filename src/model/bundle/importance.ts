/**
 * `importance.json`: how much a model reads each of its features, measured when it was trained. How much of its R² on
 * validation rows is lost when a column's minutes are put in another order (permutation importance), and the same as
 * weights whose mean is 1. A bundle of an older version has none.
 */

import { z } from "zod";
import { fail } from "../../base/errors.ts";
import { parseBundleText } from "./manifest.ts";

export const IMPORTANCE_FILE = "importance.json";
export const IMPORTANCE_FORMAT = "foretick-importance/1";

export const importanceSchema = z.strictObject({
  format: z.literal(IMPORTANCE_FORMAT),
  /** Validation rows it was measured on; 0 where they were too few, and every weight is 1. */
  rows: z.int().nonnegative(),
  /** One for each column of the set, in its order. */
  features: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        /** R² lost, the mean over the repeats; below 0 where the column did harm. */
        r2_lost: z.number(),
        /** max(0, r2_lost) ÷ its mean over the features; 1 for each where none loses anything. */
        weight: z.number().nonnegative(),
      }),
    )
    .min(1),
});
export type FeatureImportance = z.infer<typeof importanceSchema>;

/**
 * @param names the model's columns, in its order.
 * @throws ForetickError BUNDLE_INVALID.
 */
export function parseImportance(text: string, names: readonly string[]): FeatureImportance {
  const importance = parseBundleText(IMPORTANCE_FILE, text, importanceSchema);
  if (importance.features.map(({ name }) => name).join() !== names.join()) {
    fail("BUNDLE_INVALID", `${IMPORTANCE_FILE} expected the model's columns in its order`);
  }
  return importance;
}
