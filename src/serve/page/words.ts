/** Numbers as people read them. Pure, so that every sentence of the page is tested without a browser. */

const money = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const count = new Intl.NumberFormat("en-US");
const cent = 0.005;

/** 61838.255 → "61,838.26"; prices below 10 keep six significant digits. */
export function priceText(price: number | null): string {
  if (price === null) return "–";
  return price >= 10 ? money.format(price) : price.toPrecision(6);
}

/** A log-return as basis points: 0.00003 → "+0.30 bp". A true minus sign keeps columns even. */
export function bpText(log_return: number | null): string {
  if (log_return === null) return "–";
  return `${signed(log_return * 1e4, 2)} bp`;
}

export function signed(value: number, places: number): string {
  const digits = Math.abs(value).toFixed(places);
  if (Number(digits) === 0) return digits;
  return `${value < 0 ? "−" : "+"}${digits}`;
}

/** Local time of day, 24 hours, to the second. */
export function timeText(ts_sec: number): string {
  const at = new Date(ts_sec * 1000);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":");
}

/** 230 → "0.2 s", 75,000 → "1 min 15 s". */
export function ageText(age_ms: number | null): string {
  if (age_ms === null) return "nothing yet";
  if (age_ms < 10_000) return `${(Math.max(0, age_ms) / 1000).toFixed(1)} s`;
  const total_s = Math.round(age_ms / 1000);
  if (total_s < 60) return `${total_s} s`;
  return total_s < 3600
    ? `${Math.floor(total_s / 60)} min ${total_s % 60} s`
    : `${Math.floor(total_s / 3600)} h ${Math.floor((total_s % 3600) / 60)} min`;
}

export type Direction = "up" | "down" | "flat";

export function directionOf(log_return: number): Direction {
  if (log_return === 0) return "flat";
  return log_return > 0 ? "up" : "down";
}

/** One forecast in a sentence, e.g. "Up 0.30 bp, +1.86, by 14:03:27". */
export function forecastWords(forecast: {
  ts_sec: number;
  horizon_s: number;
  yhat_log_return_10s: number;
  current_price: number;
  predicted_price: number;
}): string {
  const bp = Math.abs(forecast.yhat_log_return_10s * 1e4).toFixed(2);
  const by = `by ${timeText(forecast.ts_sec + forecast.horizon_s)}`;
  const move = forecast.predicted_price - forecast.current_price;
  if (Number(bp) === 0) return `No change to speak of ${by}`;
  const amount = Math.abs(move) < cent ? "less than a cent" : signed(move, 2);
  return `${move > 0 ? "Up" : "Down"} ${bp} bp, ${amount}, ${by}`;
}

export interface Score {
  /** Forecasts whose outcome moved and whose forecast had a direction. */
  readonly decided: number;
  readonly right: number;
  /** How many of them are worth as much as independent ones: their ten seconds overlap. */
  readonly independent: number;
}

/** What the hit-rate says, and how little: the span a coin would show in 95 of 100 such stretches. */
export function scoreWords({ decided, right, independent }: Score): string {
  if (decided === 0) return "Outcomes come ten seconds after each forecast.";
  const share = ((right / decided) * 100).toFixed(0);
  const head = `Direction right in ${right} of ${decided} (${share} %).`;
  if (independent < 4) return `${head} Too few to say anything.`;
  const half = 196 * (0.5 / Math.sqrt(independent));
  const low = Math.max(0, Math.round(50 - half));
  const high = Math.min(100, Math.round(50 + half));
  return (
    `${head} They overlap and are worth about ${Math.round(independent)} independent ones: ` +
    `a coin would show anything from ${low} to ${high} %.`
  );
}

/** Sums over the sets: "12,345 rows, 0 unexplained"; nothing before the first comparison. */
export function parityWords(
  totals: readonly { readonly rows_compared: number; readonly rows_unexplained: number }[],
): { readonly text: string; readonly differs: boolean } {
  const sum = (read: (one: (typeof totals)[number]) => number): number =>
    totals.reduce((total, one) => total + read(one), 0);
  const rows = sum((one) => one.rows_compared);
  const unexplained = sum((one) => one.rows_unexplained);
  if (totals.length === 0) return { text: "not compared yet", differs: false };
  const text = `${count.format(rows)} rows compared, ${count.format(unexplained)} unexplained`;
  return { text, differs: unexplained > 0 };
}
