/**
 * The kline intervals and where their bars open. Source: rest-api.md, "Kline/Candlestick data". All times
 * are µs; `zone_us` is the offset of the asked time zone, in which days, weeks and months begin.
 */

import { US_PER_SEC } from "../../../base/units.ts";

const MINUTE_US = 60 * US_PER_SEC;
const HOUR_US = 60 * MINUTE_US;
const DAY_US = 24 * HOUR_US;
/** 1970-01-01 was a Thursday; weeks open on Mondays. */
const FIRST_MONDAY_US = 4 * DAY_US;

const FIXED_US: Readonly<Record<string, number>> = {
  "1s": US_PER_SEC,
  "1m": MINUTE_US,
  "3m": 3 * MINUTE_US,
  "5m": 5 * MINUTE_US,
  "15m": 15 * MINUTE_US,
  "30m": 30 * MINUTE_US,
  "1h": HOUR_US,
  "2h": 2 * HOUR_US,
  "4h": 4 * HOUR_US,
  "6h": 6 * HOUR_US,
  "8h": 8 * HOUR_US,
  "12h": 12 * HOUR_US,
  "1d": DAY_US,
  "3d": 3 * DAY_US,
  "1w": 7 * DAY_US,
};

export interface Interval {
  /** When the bar that holds `time_us` opens. */
  openOf(time_us: number): number;
  /** When the bar `count` bars after (or, negative, before) the one that opens at `open_us` opens. */
  step(open_us: number, count: number): number;
}

/** undefined: no such interval. Names are case-sensitive: `1m` is a minute, `1M` a month. */
export function intervalOf(name: string, zone_us: number): Interval | undefined {
  if (name === "1M") return monthly(zone_us);
  const length_us = Object.hasOwn(FIXED_US, name) ? FIXED_US[name] : undefined;
  if (length_us === undefined) return undefined;
  const origin_us = (name === "1w" ? FIRST_MONDAY_US : 0) - zone_us;
  return {
    openOf: (time_us) => Math.floor((time_us - origin_us) / length_us) * length_us + origin_us,
    step: (open_us, count) => open_us + count * length_us,
  };
}

function monthly(zone_us: number): Interval {
  const opening = (time_us: number, months: number): number => {
    const day = new Date((time_us + zone_us) / 1000);
    return Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + months, 1) * 1000 - zone_us;
  };
  return { openOf: (time_us) => opening(time_us, 0), step: (open_us, count) => opening(open_us, count) };
}

/** "8", "-1:00", "05:45" as µs east of UTC; undefined outside −12:00 … +14:00 or where it is no offset. */
export function zoneOf(text: string): number | undefined {
  const match = /^([+-]?)(\d{1,2})(?::([0-5]\d))?$/.exec(text);
  if (!match) return undefined;
  const size_us = Number(match[2]) * HOUR_US + Number(match[3] ?? 0) * MINUTE_US;
  const zone_us = match[1] === "-" ? -size_us : size_us;
  return zone_us >= -12 * HOUR_US && zone_us <= 14 * HOUR_US ? zone_us : undefined;
}
