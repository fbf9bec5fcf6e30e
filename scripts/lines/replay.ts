/** What a replay found, for people. */

import type { Comparison } from "../../src/system/replay/comparison.ts";
import { differenceText } from "../../src/system/replay/difference.ts";
import type { TapeRun } from "../../src/system/replay/tape_runs.ts";

const count = (value: number, what: string): string =>
  `${value.toLocaleString("en")} ${what}${value === 1 ? "" : "s"}`;

export function replayLines({ header, paths }: TapeRun, comparison: Comparison): string[] {
  const { seconds, vectors, forecasts, seconds_cold, difference, gap, torn_bytes, options } = comparison;
  const { machine, other_model, stored } = options;
  const { forecasts_near, distance_max, not_stored } = comparison;
  const what = `${count(seconds, "second")}, ${count(vectors, "vector")}, ${count(forecasts, "forecast")}`;
  const lines: string[] = [];
  if (header.part > 1) {
    lines.push(
      `its first part here is number ${header.part}: vectors are compared where both are warm, forecasts without what their past made of them; ${count(seconds_cold, "second")} before`,
    );
  }
  if (machine !== undefined) {
    lines.push(
      `captured on another machine (${machine}): its ONNX kernels may round otherwise, so forecasts are held to their model's tolerance, features to the bit`,
    );
  }
  if (other_model !== undefined)
    lines.push(`the champion's forecasts are measured by ${other_model}, not compared`);
  if (forecasts_near > 0) {
    lines.push(`${count(forecasts_near, "forecast")} not the same to the bit, at most ${distance_max} apart`);
  }
  if (not_stored > 0) lines.push(`${count(not_stored, "row")} of the replay not in the database`);
  if (torn_bytes > 0) lines.push(`${count(torn_bytes, "byte")} at the end are no whole block: set aside`);
  if (gap)
    lines.push(
      `the capture itself left out ${count(gap.records, "record")} (${gap.reason}): the rest is not replayed`,
    );
  const against = stored ? "the database" : "the capture";
  lines.push(
    difference ? `differs from ${against}: ${differenceText(difference)}` : `${what}: equal to ${against}`,
  );
  const name = `${header.symbol}, run ${header.run} (${count(paths.length, "part")})`;
  return lines.map((line) => `${name}: ${line}`);
}
