/**
 * What the figures allow to be said, in a sentence, decided by the interval and not by the figure: skill is
 * shown only where the whole interval of R² against zero is above zero.
 */

import type { Manifest, Score } from "../../model/bundle/manifest.ts";
import { BLOCKS_MIN } from "./bootstrap.ts";

export type Verdict = Manifest["verdict"];

/** Published signals at this horizon reach an R² of about 0.002; this is where the hunt for a leak starts. */
const R2_SUSPICIOUS = 0.05;
const HIT_RATE_SUSPICIOUS = 0.6;

/** @param cadence_s seconds from one row to the next. */
export function judge(score: Score, cadence_s = 1): Verdict {
  const test_s = score.rows * cadence_s;
  const { r2, block_s, coverage } = score.intervals;
  if (!r2) {
    const needed_min = Math.ceil((BLOCKS_MIN * block_s) / 60);
    return {
      skill: "not_shown",
      sentence:
        `Too short to prove skill: the test stretch holds ${test_s} labelled seconds, and an interval ` +
        `needs ${needed_min} minutes. Take these figures as a check that the machinery runs.`,
    };
  }
  const percent = Number((coverage * 100).toFixed(1));
  const figure = `R² against zero is ${figureOf(score.r2)}, ${percent} % interval ${figureOf(r2[0])} to ${figureOf(r2[1])}`;
  if (r2[1] < 0) {
    return { skill: "worse_than_zero", sentence: `${figure}: worse than forecasting no move at all.` };
  }
  if (r2[0] <= 0) {
    return {
      skill: "not_shown",
      sentence: `${figure}: it includes zero, so no skill is shown. Either there is none, or ${durationOf(test_s)} of test are too few to see it.`,
    };
  }
  return { skill: "shown", sentence: `${figure}: better than forecasting no move.${suspicion(score)}` };
}

function suspicion(score: Score): string {
  const high = score.r2 > R2_SUSPICIOUS || (score.hit_rate ?? 0) > HIT_RATE_SUSPICIOUS;
  if (!high) return "";
  return " That is far above anything published for this horizon: on real data look for a leak before believing it.";
}

const figureOf = (value: number): string => value.toFixed(4);

const durationOf = (seconds: number): string =>
  seconds < 7200 ? `${Math.round(seconds / 60)} minutes` : `${(seconds / 3600).toFixed(1)} hours`;
