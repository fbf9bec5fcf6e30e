/** What an experiment says now, in words. Pure, so that it is tested without a browser. */

import type { EvidenceJson } from "../../messages/operate/experiments.ts";
import { count, hoursText, signed } from "../words.ts";

/** Fewer say nothing: as `BLOCKS_MIN` of the paired test. */
const BLOCKS_MIN = 30;

/** @param is_over it has ended: what is to come is no longer said. */
export function evidenceWords(
  of: Omit<EvidenceJson, "experiment_id" | "decided_at">,
  is_over: boolean,
): string {
  const { n_blocks, mean, lower, upper, confidence_level, winner, expected_h } = of;
  if (n_blocks < BLOCKS_MIN || mean === null || lower === null || upper === null) {
    return `${count(n_blocks)} of the ${BLOCKS_MIN} blocks before which nothing is said: a block is a minute or more of ticks that both forecast.`;
  }
  const figures = `After ${count(n_blocks)} blocks b errs ${Math.abs(1e3 * mean).toFixed(2)} ‰ ${mean >= 0 ? "less" : "more"} than a, between ${figure(lower)} and ${figure(upper)} with ${Math.round(100 * confidence_level)} % over the whole trial, however often one looks.`;
  if (winner !== "inconclusive") return `${figures} ${winner} is better.`;
  if (is_over) return `${figures} No difference was shown.`;
  if (expected_h === null) return `${figures} At this rate no decision is in sight.`;
  return `${figures} Not decided: about ${hoursText(expected_h)} more at this rate.`;
}

/** In thousandths of the label's variance. */
export const figure = (value: number): string => `${signed(1e3 * value, 2)} ‰`;
