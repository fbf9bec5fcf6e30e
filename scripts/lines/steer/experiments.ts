/** What `bun run experiments` prints: times in UTC by the exchange's clock, differences in variances of the label. */

import { US_PER_MS, US_PER_SEC } from "../../../src/base/units.ts";
import type { Experiment } from "../../../src/steer/experiments/rows.ts";
import { hoursOf } from "../../../src/steer/experiments/start.ts";
import type { TrialBlock } from "../../../src/steer/experiments/trial.ts";
import { table } from "../models.ts";

const timeOf = (time_us: number | null): string =>
  time_us === null ? "" : new Date(time_us / US_PER_MS).toISOString().slice(0, 19).replace("T", " ");

export function experimentsLines(all: readonly Experiment[]): string[] {
  if (all.length === 0) return ['no experiment yet: "bun run experiments start <version>" begins one'];
  return table(
    ["id", "symbol", "b", "against a", "hours", "blocks", "mean", "interval", "state"],
    all.map((one) => [
      ...[one.experiment_id, one.symbol, one.b, one.a, hoursOf(one).toFixed(1), String(one.n_blocks)],
      ...[numberOf(one.mean), intervalOf(one), one.winner ?? `runs; ${expectation(one)}`],
    ]),
  );
}

export function experimentLines(one: Experiment, blocks: readonly TrialBlock[]): string[] {
  const { name, symbol, a, b, traffic_split, confidence_level, min_duration_h, duration_h } = one;
  const lines = [
    `${name} (${one.experiment_id})`,
    `  ${symbol}, the ${one.label} price ${one.horizon_s} s ahead: a is ${a}, b is ${b}`,
    `  ${(100 * traffic_split).toFixed(0)} % of clients are served b; confidence ${confidence_level}, from ${min_duration_h} to ${duration_h} h`,
    `  asked for by ${one.requested_by}${one.reason === "" ? "" : `: ${one.reason}`}`,
    one.started_us === null
      ? "  not begun: no tick has been scored by both yet"
      : `  begun ${timeOf(one.started_us)}, judged until ${timeOf(one.judged_until_us)}: ${hoursOf(one).toFixed(1)} h, ${one.n_blocks} blocks`,
    `  loss of a less that of b: ${numberOf(one.mean)}, between ${intervalOf(one)}; verdict ${one.verdict}`,
    one.winner === null
      ? `  runs; ${expectation(one)}`
      : `  ended by ${one.ended_by}: ${one.ended_because}. Winner: ${one.winner}`,
  ];
  if (blocks.length === 0) return lines;
  const rows = blocks.map(({ from_sec, difference, mean, lower, upper }) => [
    ...[timeOf(from_sec * US_PER_SEC), numberOf(difference), numberOf(mean), intervalOf({ lower, upper })],
  ]);
  return [...lines, ...table(["block from", "difference", "mean so far", "interval"], rows)];
}

const numberOf = (value: number | null): string => (value === null ? "-" : value.toPrecision(3));

const intervalOf = ({ lower, upper }: Pick<TrialBlock, "lower" | "upper">): string =>
  lower === null || upper === null ? "-" : `${numberOf(lower)} and ${numberOf(upper)}`;

/** How long a decision takes at the present rate. */
function expectation(one: Experiment): string {
  const { expected_h, verdict, lower, min_duration_h } = one;
  if (verdict !== "inconclusive") {
    const left_h = Math.max(0, min_duration_h - hoursOf(one));
    return `${verdict} errs less; ends after ${min_duration_h} h, in ${left_h.toFixed(1)} h`;
  }
  if (lower === null) return "how long a decision takes is known after thirty blocks";
  return expected_h === null
    ? "at the present rate a decision takes more than a year"
    : `at the present rate a decision takes ${expected_h.toFixed(1)} h more`;
}
