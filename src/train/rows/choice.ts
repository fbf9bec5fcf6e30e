/**
 * Which set and which label to train on, by what the data hold: the mid and set v1 where quotes cover the range,
 * else the last price and set trades. What is asked for is taken as it is.
 */

import { fail } from "../../base/errors.ts";
import { LABEL_PRICES, type Label } from "../../features/label.ts";
import type { FeatureSet } from "../../features/sets/feature_set.ts";
import { trades } from "../../features/sets/trades.ts";
import { v1 } from "../../features/sets/v1.ts";

/** How much of what has trades has quotes too. */
export interface QuoteCoverage {
  readonly traded: number;
  readonly quoted: number;
  /** What is counted, e.g. "minutes". */
  readonly unit: string;
}

export interface Choice {
  readonly set: FeatureSet;
  readonly label: Label;
  /** Which and why, for people. */
  readonly sentence: string;
}

/** From this share on quotes cover the range: an hour a day may be missing, for maintenance and restarts. */
const COVERED_MIN = 0.95;

/** @throws ForetickError TRAIN_DATA where what is asked for needs quotes and there are none. */
export function chooseInputs(
  coverage: QuoteCoverage,
  asked: { readonly set?: FeatureSet | undefined; readonly label?: Label | undefined },
): Choice {
  const { traded, quoted, unit } = coverage;
  const covered = quoted > 0 && quoted >= COVERED_MIN * traded;
  const set = asked.set ?? (covered || asked.label === "mid" ? v1 : trades);
  const label = asked.label ?? (covered ? "mid" : "last");
  const words = `quotes cover ${quoted.toLocaleString("en")} of ${traded.toLocaleString("en")} ${unit} with trades`;
  if (quoted === 0 && label === "mid") {
    fail("TRAIN_DATA", `label mid expected quotes, but ${words}: train with --label last --set trades`);
  }
  if (quoted === 0 && set.sources.includes("quotes")) {
    fail("TRAIN_DATA", `set ${set.name} expected quotes, but ${words}: train with --set trades`);
  }
  const set_words = asked.set ? `set ${set.name} (as asked)` : `set ${set.name}`;
  const label_words = `label ${label}, the ${LABEL_PRICES[label]}${asked.label ? " (as asked)" : ""}`;
  return { set, label, sentence: `${set_words}, ${label_words}: ${words}` };
}
