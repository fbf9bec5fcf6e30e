/** UTC days, and where a day of a table lies in the lake. */

import { DAY_US } from "../../base/units.ts";
import type { LakeTable } from "./tables.ts";

export interface LakeDay {
  readonly symbol: string;
  /** Midnight to midnight, half-open. */
  readonly from_us: number;
  readonly to_us: number;
  /** e.g. "2026-11-21". */
  readonly date: string;
}

/** Whole days that overlap the range, ascending. */
export function daysOf(symbol: string, from_us: number, to_us: number): LakeDay[] {
  const days: LakeDay[] = [];
  for (let at_us = Math.floor(from_us / DAY_US) * DAY_US; at_us < to_us; at_us += DAY_US) {
    const date = new Date(at_us / 1000).toISOString().slice(0, 10);
    days.push({ symbol, from_us: at_us, to_us: at_us + DAY_US, date });
  }
  return days;
}

/** e.g. "bronze/trades/symbol=BTCUSDT/year=2026/month=11/day=21": what engines call hive partitions. */
export function folderOf({ layer, name }: LakeTable, { symbol, date }: LakeDay): string {
  const [year, month, day] = date.split("-");
  return `${layer}/${name}/symbol=${symbol}/year=${year}/month=${month}/day=${day}`;
}

/** Engines pass over names that begin so. */
export const manifestKey = (folder: string): string => `${folder}/_manifest.json`;
