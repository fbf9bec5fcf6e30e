/** How the report writes numbers and times. */

const MINUS = "−";
export const NO_BREAK = "\u00a0";
// What rounds to zero has no sign.
const signed = (text: string): string =>
  /[1-9]/.test(text) ? text.replace(/^-/, MINUS) : text.replace(/^-/, "");

export const decimal = (value: number | null | undefined, places: number): string =>
  value === null || value === undefined || !Number.isFinite(value) ? "–" : signed(value.toFixed(places));

export const percent = (share: number | null | undefined, places = 1): string =>
  share === null || share === undefined ? "–" : `${decimal(share * 100, places)}${NO_BREAK}%`;

/** A log-return in basis points. */
export const basisPoints = (value: number | null | undefined, places = 2): string =>
  value === null || value === undefined ? "–" : `${decimal(value * 1e4, places)}${NO_BREAK}bp`;

export const dollars = (value: number): string => `$${NO_BREAK}${decimal(value, 2)}`;

export const count = (value: number): string =>
  Math.round(value).toLocaleString("en-US").replaceAll(",", "\u202f");

export const interval = (value: readonly [number, number] | null, places: number): string =>
  value ? `${decimal(value[0], places)} to ${decimal(value[1], places)}` : "–";

/** "2026-01-05 14:30 UTC" */
export const timeOf = (ts_sec: number): string =>
  `${new Date(ts_sec * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`;

/** "05 14h", for axes; with minutes where pieces are shorter than an hour. */
export function shortTime(ts_sec: number, minutes: boolean): string {
  const text = new Date(ts_sec * 1000).toISOString();
  return minutes ? text.slice(11, 16) : `${text.slice(8, 10)}. ${text.slice(11, 13)}h`;
}

export function duration(seconds: number): string {
  if (seconds < 2 * 3600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 2 * 86_400) return `${decimal(seconds / 3600, 1)} h`;
  return `${decimal(seconds / 86_400, 1)} days`;
}

/** A p-value is not written smaller than it means anything. */
export const pValue = (value: number | null): string =>
  value === null ? "–" : value < 0.0001 ? "< 0.0001" : decimal(value, 4);
