/**
 * The day, hour by hour (UTC), as tables of 24 constants: FEATURES.md allows no library sine at run time. An
 * hour is 15°, so seven numbers give all 24, each the float64 nearest to its sine.
 */

/** Sines of 0°, 15°, … 90°, 17 digits. */
const SINES = [
  // biome-ignore lint/suspicious/noApproximativeNumericConstant: as literals, like the others
  0, 0.25881904510252074, 0.5, 0.70710678118654757, 0.8660254037844386, 0.96592582628906831, 1,
] as const;

function sineOf(hour: number): number {
  const turned = hour % 24;
  if (turned > 12) return -sineOf(turned - 12);
  return SINES[turned > 6 ? 12 - turned : turned]!;
}

const hours = (of: (hour: number) => number): readonly number[] =>
  Array.from({ length: 24 }, (_, h) => of(h));

/** sin(2π · hour ÷ 24): 0 at midnight, 1 at six in the morning. */
export const HOUR_SIN = hours(sineOf);
/** cos(2π · hour ÷ 24): 1 at midnight, −1 at noon. */
export const HOUR_COS = hours((hour) => sineOf(hour + 6));
/** 1 in the hours 13 to 20 UTC, in which New York trades (14:30 to 21:00, an hour earlier in summer). */
export const US_HOURS = hours((hour) => (hour >= 13 && hour <= 20 ? 1 : 0));
/** 1 in the hours 0 to 7 UTC, in which Tokyo and Hong Kong trade. */
export const ASIA_HOURS = hours((hour) => (hour <= 7 ? 1 : 0));
