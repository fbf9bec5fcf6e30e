/** Few of a schedule's faults, and short ones, that still show the same kind of problem: by delta debugging. */

import type { Fault } from "./faults.ts";

/** @returns whether a run with these faults fails in the same way. */
type Fails = (schedule: readonly Fault[]) => Promise<boolean>;

const SHORTEST_S = 0.5;

export async function shrunk(schedule: readonly Fault[], fails: Fails): Promise<readonly Fault[]> {
  return await shorter(await fewer(schedule, fails), fails);
}

/** Half of them, then a quarter, … left out as long as it goes on failing. */
async function fewer(schedule: readonly Fault[], fails: Fails): Promise<readonly Fault[]> {
  let kept = schedule;
  for (let size = Math.ceil(kept.length / 2); size >= 1 && kept.length > 1; ) {
    let left_out = false;
    for (let from = 0; from < kept.length && kept.length > 1; from += size) {
      const rest = [...kept.slice(0, from), ...kept.slice(from + size)];
      if (rest.length === 0 || !(await fails(rest))) continue;
      kept = rest;
      left_out = true;
      break;
    }
    if (!left_out) size = size === 1 ? 0 : Math.ceil(size / 2);
  }
  return kept;
}

async function shorter(schedule: readonly Fault[], fails: Fails): Promise<readonly Fault[]> {
  let kept = schedule;
  for (let index = 0; index < kept.length; index++) {
    for (;;) {
      const fault = kept[index]!;
      const smaller: Fault = {
        ...fault,
        for_s: fault.for_s / 2,
        ...(fault.count === undefined ? {} : { count: 1 }),
      };
      if (fault.for_s < 2 * SHORTEST_S && (fault.count ?? 1) === 1) break;
      const next = kept.map((one, at) => (at === index ? smaller : one));
      if (!(await fails(next))) break;
      kept = next;
    }
  }
  return kept;
}

/** What a problem is of: the word before its colon, without its time. */
export const kindOf = (problem: string): string => /^[\d.]+ s: ([^:]*):/.exec(problem)?.[1] ?? problem;

/** A schedule on one line, for people. */
export const toldOf = (schedule: readonly Fault[]): string =>
  schedule
    .map(({ kind, at_s, for_s, stream, count, by }) =>
      [
        `${kind} at ${at_s} s`,
        for_s > 0 ? `for ${for_s} s` : "",
        stream ?? "",
        count === undefined ? "" : `× ${count}`,
        by === undefined ? "" : `by ${by}`,
      ]
        .filter((word) => word !== "")
        .join(" "),
    )
    .join("; ");
