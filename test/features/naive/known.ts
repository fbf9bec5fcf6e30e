/** What a store can know of its own holes, from the rows alone: the referee of the SQL that derives it from bars. */

import { lookBackStart } from "../../../src/features/algebra/look_back.ts";
import type { FeatureSet } from "../../../src/features/sets/feature_set.ts";

interface Row {
  readonly ts_us: number;
}

interface Numbered extends Row {
  readonly trade_id: number;
}

/** Seconds of the trades on either side of missing ids, the earlier one first. */
export interface Hole {
  readonly from_sec: number;
  readonly until_sec: number;
}

const secOf = ({ ts_us }: Row): number => Math.floor(ts_us / 1e6);

/** Late trades among them: they are known. */
export function missingIds(trades: readonly Numbered[]): Hole[] {
  const byId = [...trades].sort((a, b) => a.trade_id - b.trade_id);
  const holes: Hole[] = [];
  for (const [index, trade] of byId.entries()) {
    const before = byId[index - 1];
    if (!before || trade.trade_id <= before.trade_id + 1) continue;
    const [from_sec, until_sec] = [secOf(before), secOf(trade)].sort((a, b) => a - b) as [number, number];
    holes.push({ from_sec, until_sec });
  }
  return holes;
}

/** Whether rows at or after t bear it out, and no hole meets its look-back. */
export function isBornOut(
  { look_back }: FeatureSet,
  t: number,
  rows: readonly Row[],
  holes: readonly Hole[],
): boolean {
  const start = lookBackStart(look_back, t);
  const broken = holes.some(({ from_sec, until_sec }) => from_sec < t && until_sec >= start);
  return !broken && rows.some(({ ts_us }) => ts_us >= t * 1e6);
}
