/** `drift.json`: what was normal when a model was trained; see judge/drift/. A bundle of an older version has none. */

import { fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { type DriftReference, driftReferenceSchema } from "../../judge/drift/drift_reference.ts";
import { parseBundleText } from "./manifest.ts";

export const DRIFT_FILE = "drift.json";

/** After the features; see judge/drift/drift.ts. */
const BESIDE = ["forecast", "label"];

/**
 * @param names the model's columns, in its order.
 * @throws ForetickError BUNDLE_INVALID, also for what would make a service keep more than it should.
 */
export function parseDrift(text: string, names: readonly string[]): DriftReference {
  const reference = parseBundleText(DRIFT_FILE, text, driftReferenceSchema);
  const { columns } = reference;
  if (columns.map(({ name }) => name).join() !== [...names, ...BESIDE].join()) {
    fail("BUNDLE_INVALID", `${DRIFT_FILE} expected the model's columns in its order, then ${BESIDE.join()}`);
  }
  for (const { name, edges, shares } of columns) {
    if (edges.length > LIMITS.drift_edges_max) {
      fail(
        "BUNDLE_INVALID",
        `${DRIFT_FILE}: ${name} expected at most ${LIMITS.drift_edges_max} edges, was ${edges.length}`,
      );
    }
    if (shares.length !== edges.length + 1) {
      fail(
        "BUNDLE_INVALID",
        `${DRIFT_FILE}: ${name} expected ${edges.length + 1} shares, was ${shares.length}`,
      );
    }
    if (edges.some((edge, at) => at > 0 && edge <= edges[at - 1]!)) {
      fail("BUNDLE_INVALID", `${DRIFT_FILE}: ${name} expected rising edges`);
    }
  }
  return reference;
}
