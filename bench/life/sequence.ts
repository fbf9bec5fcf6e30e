/** The paired sequence: how often it decides where nothing is to be decided, and how often where something is. */

import { PairedSequence } from "../../src/judge/paired_sequence.ts";
import { powerOf } from "../../src/judge/statistics/power.ts";
import { printAim, printTable } from "../peers/measure.ts";
import { DAY_S, lastingNoise, meanSd, middle, moments, percent, type Settings } from "./scene.ts";

const BLOCKS_S = [10, 60, 300];
const DAYS = 3;
const R2 = 0.01;

/** Two models that see the same of the signal and err by noise of their own, looked at after every block. */
export function falseDecisions({ runs }: Settings): void {
  const decided = BLOCKS_S.map(() => 0);
  for (let seed = 0; seed < runs; seed++) {
    const sequences = BLOCKS_S.map((block_s) => new PairedSequence({ block_s, n_opt: DAY_S / block_s }));
    const [noise_a, noise_b] = [lastingNoise(seed, "a"), lastingNoise(seed, "b")];
    for (const { ts_sec, y, mean, variance } of moments({ seed, r2: R2 }, 1)) {
      const sd = 0.5 * meanSd(R2, variance);
      const [yhat_a, yhat_b] = [mean + sd * noise_a(), mean + sd * noise_b()];
      for (const one of sequences) one.add({ ts_sec, yhat_a, yhat_b, realized_log_return: y, variance });
    }
    for (const [at, sequence] of sequences.entries()) {
      if (sequence.look().verdict !== "inconclusive") decided[at]!++;
    }
  }
  console.log(`\nFalse decisions of the paired sequence, α = 5 %, a look after every block, ${runs} days`);
  printTable(
    ["block", "decided"],
    BLOCKS_S.map((block_s, at) => [`${block_s} s`, percent(decided[at]! / runs)]),
  );
  printAim("blocks of 60 s, at most 5 % false decisions", decided[1]! / runs <= 0.05);
}

/** Which part of the signal each model's forecast holds: its correlation with the true mean. */
const CONTESTS = [
  { name: "signal 10 % stronger", a: 1 / 1.1, b: 1 },
  { name: "signal 30 % stronger", a: 1 / 1.3, b: 1 },
  { name: "signal twice as strong", a: 1 / 2, b: 1 },
  { name: "champion says nothing", a: 0, b: 1 },
] as const;

/** A forecast that holds a part ρ of the mean, calibrated: ρ² · mean + ρ · √(1 − ρ²) · noise. */
const partOf = (part: number, mean: number, noise: number): number =>
  part * part * mean + part * Math.sqrt(1 - part * part) * noise;

export function power({ runs }: Settings): void {
  const some = Math.max(1, Math.round(runs / 6));
  const rows: string[][] = [];
  for (const r2 of [0.002, R2]) {
    const results = CONTESTS.map(() => ({
      day: 0,
      whole: 0,
      hours: [] as number[],
      effects: [] as number[],
    }));
    const lost = { day: 0, whole: 0, hours: [] as number[], effects: [] as number[] };
    for (let seed = 0; seed < some; seed++) {
      const sequences = [...CONTESTS, lost].map(() => new PairedSequence());
      const noise = lastingNoise(seed, "noise");
      for (const { ts_sec, y, mean, variance } of moments({ seed: 10_000 + seed, r2 }, DAYS)) {
        const other = meanSd(r2, variance) * noise();
        for (const [at, sequence] of sequences.entries()) {
          const contest = CONTESTS[at];
          // The last one: a champion that goes on as before about a market that no longer follows it.
          const yhat_a = contest ? partOf(contest.a, mean, other) : other;
          const yhat_b = mean;
          sequence.add({ ts_sec, yhat_a, yhat_b, realized_log_return: y, variance });
        }
      }
      for (const [at, sequence] of sequences.entries()) note(results[at] ?? lost, sequence);
    }
    for (const [at, { day, whole, hours, effects }] of [...results, lost].entries()) {
      const effect = effects.reduce((sum, one) => sum + one, 0) / effects.length;
      rows.push([
        `R² ${percent(r2)}: ${CONTESTS[at]?.name ?? "champion lost its signal"}`,
        percent(day / some, 0),
        percent(powerOf({ effect, blocks: 1440 }), 0),
        percent(whole / some, 0),
        percent(powerOf({ effect, blocks: 4320 }), 0),
        hours.length * 2 > some
          ? `${middle([...hours, ...Array(some - hours.length).fill(Infinity)]).toFixed(0)} h`
          : "> 72 h",
      ]);
    }
  }
  console.log(
    `\nPower of the paired sequence, minutes, α = 5 %, ${some} runs: the better one is named within`,
  );
  printTable(
    ["the challenger against the champion", "a day", "by formula", "three days", "by formula", "median"],
    rows,
  );
}

function note(
  result: { day: number; whole: number; hours: number[]; effects: number[] },
  sequence: PairedSequence,
): void {
  const { verdict, decided_at_sec } = sequence.look();
  const { n, mean, m2 } = sequence.state();
  result.effects.push(mean / Math.sqrt(m2 / (n - 1)));
  if (verdict !== "b") return;
  result.whole++;
  if (decided_at_sec! <= DAY_S) result.day++;
  result.hours.push(decided_at_sec! / 3600);
}
