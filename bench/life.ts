/**
 * What the statistics of `src/judge` do where the truth is known: false decisions and power of the paired sequence,
 * delays and false alarms of the alarms on realised error, false and found drift, coverage of intervals. On label
 * series that follow the simulated market's own tempo (`src/sim/label_series.ts`: a day in a tenth of a second);
 * intervals on the simulated market itself too. No figure depends on how busy the machine is.
 *
 *   bun bench/life.ts                          300 runs, thirty days: some minutes of one core
 *   bun bench/life.ts --runs 30 --days 5       a look
 *   bun bench/life.ts drift                    one part of it: sequence, alarms, drift, doubled, intervals
 */

import { parseArgs } from "node:util";
import { systemClock } from "../src/base/clock.ts";
import { fail } from "../src/base/errors.ts";
import { brokenDelays, deadDelays, falseAlarms } from "./life/alarms.ts";
import { doubled } from "./life/doubled.ts";
import { falseDrift, foundDrift } from "./life/drift.ts";
import { intervals } from "./life/intervals.ts";
import type { Settings } from "./life/scene.ts";
import { falseDecisions, power } from "./life/sequence.ts";
import { machine } from "./peers/measure.ts";

const PARTS: Readonly<Record<string, (settings: Settings) => void>> = {
  sequence: (settings) => {
    falseDecisions(settings);
    power(settings);
  },
  alarms: (settings) => {
    falseAlarms(settings);
    brokenDelays(settings);
    deadDelays(settings);
  },
  drift: (settings) => foundDrift(settings, falseDrift(settings)),
  doubled,
  intervals,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: "300" }, days: { type: "string", default: "30" } },
});
const settings = { runs: Number(values.runs), days: Number(values.days) };
for (const [name, value] of Object.entries(settings)) {
  if (!Number.isInteger(value) || value < 1)
    fail("CONFIG_INVALID", `--${name} expected a whole number from 1, was ${values[name as keyof Settings]}`);
}
console.log(`${settings.runs} runs, ${settings.days} days; ${machine()}`);
for (const name of positionals.length > 0 ? positionals : Object.keys(PARTS)) {
  const part =
    PARTS[name] ?? fail("CONFIG_INVALID", `expected one of ${Object.keys(PARTS).join(", ")}, was ${name}`);
  const started_us = systemClock.monotonicUs();
  part(settings);
  console.log(`(${name}: ${((systemClock.monotonicUs() - started_us) / 1e6).toFixed(0)} s)`);
}
