/** Numbers as people read them. Pure, so that every sentence of the page is tested without a browser. */

import type { Role } from "../../model/role.ts";
import type { Approximation, ForecastSource } from "../../predict/source.ts";
import type { PredictionJson, SeriesJson } from "../messages/predictions.ts";
import type { SignalsLatestJson } from "../messages/signals.ts";

const money = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat("en-US");
const cent = 0.005;

/** 12345 → "12,345". */
export const count = (value: number): string => whole.format(value);

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

/** An ISO instant as local day and minute: "11-27 14:03"; today's without the day. */
export function dayTimeText(iso: string): string {
  const at = new Date(iso);
  const time = timeText(at.getTime() / 1_000).slice(0, 5);
  const day = at.toLocaleDateString("en-CA").slice(5);
  return day === new Date().toLocaleDateString("en-CA").slice(5) ? time : `${day} ${time}`;
}

/** 230 → "0.2 s", 75,000 → "1 min 15 s", three days → "3 d 0 h". */
export function ageText(age_ms: number | null): string {
  if (age_ms === null) return "nothing yet";
  if (age_ms < 10_000) return `${(Math.max(0, age_ms) / 1000).toFixed(1)} s`;
  const total_s = Math.round(age_ms / 1000);
  if (total_s < 60) return `${total_s} s`;
  if (total_s >= 172_800) return hoursText(total_s / 3_600);
  return total_s < 3600
    ? `${Math.floor(total_s / 60)} min ${total_s % 60} s`
    : `${Math.floor(total_s / 3600)} h ${Math.floor((total_s % 3600) / 60)} min`;
}

/** 0.4 → "24 min", 7.2 → "7 h 12 min", 52 → "2 d 4 h". */
export function hoursText(hours: number): string {
  const minutes = Math.max(1, Math.round(60 * hours));
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 1_440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1_440)} d ${Math.floor((minutes % 1_440) / 60)} h`;
}

export type Direction = "up" | "down" | "flat";

export function directionOf(log_return: number): Direction {
  if (log_return === 0) return "flat";
  return log_return > 0 ? "up" : "down";
}

/** What it is worth, e.g. "9 of 10 times between 61,829.12 and 61,853.85; up with 52 %"; empty while that is not known. */
export function worthWords({
  lower_price,
  upper_price,
  interval_coverage,
  p_up,
}: {
  lower_price: number | null;
  upper_price: number | null;
  interval_coverage: number | null;
  p_up: number | null;
}): string {
  if (lower_price === null || upper_price === null || interval_coverage === null || p_up === null) return "";
  const times = `${Math.round(10 * interval_coverage)} of 10 times`;
  const between = `between ${priceText(lower_price)} and ${priceText(upper_price)}`;
  return `${times} ${between}; up with ${Math.round(100 * p_up)} % if it moves`;
}

/** One forecast in a sentence, e.g. "Up 0.30 bp, +1.86, by 14:03:27". */
export function forecastWords(forecast: {
  ts_sec: number;
  horizon_s: number;
  yhat_log_return: number;
  current_price: number;
  predicted_price: number;
}): string {
  const bp = Math.abs(forecast.yhat_log_return * 1e4).toFixed(2);
  const by = `by ${timeText(forecast.ts_sec + forecast.horizon_s)}`;
  const move = forecast.predicted_price - forecast.current_price;
  if (Number(bp) === 0) return `No change to speak of ${by}`;
  const amount = Math.abs(move) < cent ? "less than a cent" : signed(move, 2);
  return `${move > 0 ? "Up" : "Down"} ${bp} bp, ${amount}, ${by}`;
}

/** How far ahead, as people say it: "ten seconds", "one minute". */
export function horizonWords(horizon_s: number): string {
  if (horizon_s === 10) return "ten seconds";
  if (horizon_s === 60) return "one minute";
  return horizon_s % 60 === 0 ? `${horizon_s / 60} minutes` : `${horizon_s} seconds`;
}

const ROLE_WORDS: Readonly<Record<Role, string>> = {
  champion: "champion, the model served",
  challenger: "challenger, on trial",
  shadow: "shadow, watched only",
  fallback: "fallback, the last good champion",
};

export const roleWords = (role: Role): string => ROLE_WORDS[role];

const SOURCE_WORDS: Readonly<Record<PredictionJson["source"], string>> = {
  onnx: "the live features",
  fallback: "the live features, by the evaluator in TypeScript",
  fallback_model: "the live features, by the last good model",
  fallback_set: "the live features of another set",
  fallback_last_value: "features filled with their last known values",
  fallback_ticker: "the exchange's ticker, approximately",
  fallback_trend: "a line through the last prices",
  fallback_zero: "nothing: no model answers",
};

/** What it was made from. */
export const sourceWords = (source: PredictionJson["source"]): string => SOURCE_WORDS[source];

/** As `isApproximation`: a browser is given types of the service and no code of it. */
const MADE_UP: Readonly<Record<Approximation, true>> & Partial<Record<ForecastSource, true>> = {
  ...{ fallback_last_value: true, fallback_ticker: true, fallback_trend: true, fallback_zero: true },
};

/** Made from the model's own live features: what it is judged by. */
export const isLive = (source: PredictionJson["source"]): boolean => !(source in MADE_UP);

/** Whose forecast it is and of what, e.g. "Made by the champion ridge-v1, of the mid price ten seconds ahead." */
export function makerWords({
  model_version,
  role,
  horizon_s,
  label,
}: SeriesJson & Pick<PredictionJson, "label">): string {
  const [name] = model_version.split("/");
  const price = label === "last" ? "last trade's price" : "mid price";
  return `Made by the ${role} ${name}, of the ${price} ${horizonWords(horizon_s)} ahead.`;
}

export interface Score {
  /** Forecasts whose outcome moved and whose forecast had a direction. */
  readonly decided: number;
  readonly right: number;
  /** How far ahead they looked (s). */
  readonly horizon_s: number;
  /** How many of them are worth as much as independent ones: their horizons overlap. */
  readonly independent: number;
}

/** What the hit-rate says, and how little: the span a coin would show in 95 of 100 such stretches. */
export function scoreWords({ decided, right, horizon_s, independent }: Score): string {
  if (decided === 0) return `Outcomes come ${horizonWords(horizon_s)} after each forecast.`;
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

interface R2 {
  readonly n_effective: number;
  readonly r2: number | null;
  readonly r2_low: number | null;
  readonly r2_high: number | null;
}

const WINDOW_WORDS: Readonly<Record<string, string>> = { "1h": "the last hour", "1d": "the last day" };

const percent = (share: number): string => signed(100 * share, 2);

function r2Words({ r2, r2_low, r2_high }: R2): string {
  if (r2 === null) return "nothing yet, for nothing moved";
  if (r2_low === null || r2_high === null) return `${percent(r2)} %`;
  return `${percent(r2)} % (95 of 100 times between ${percent(r2_low)} and ${percent(r2_high)} %)`;
}

/** How good it has been against forecasting no move, how sure that is, and how ridge did. */
export function qualityWords(
  quality: R2 & { readonly window: string; readonly baselines: { readonly ridge?: R2 | undefined } },
): { readonly figure: string; readonly rests: string; readonly ridge: string } {
  const { window, n_effective, r2, r2_low, r2_high, baselines } = quality;
  const rests = `It rests on about ${whole.format(Math.round(n_effective))} independent outcomes.`;
  const verdict =
    r2 === null || r2_low === null || r2_high === null
      ? "That is too few to say how sure it is."
      : r2_low > 0
        ? "It is better than forecasting no move."
        : r2_high < 0
          ? "It is worse than forecasting no move."
          : "Whether it is better than forecasting no move is not shown.";
  return {
    figure: `R² against no move, ${WINDOW_WORDS[window] ?? window}: ${r2Words(quality)}.`,
    rests: `${rests} ${verdict}`,
    ridge: baselines.ridge ? `Ridge on the same seconds: ${r2Words(baselines.ridge)}.` : "",
  };
}

/** What of a signal is said in words. */
interface Said {
  readonly signal: Pick<
    SignalsLatestJson["signal"],
    "direction" | "recommendation" | "confidence" | "cost_bp"
  >;
}

/** What one would do, and why mostly nothing. */
export function signalWords({ signal }: Said): string {
  const { direction, recommendation, confidence, cost_bp } = signal;
  const beyond = `A move counts from ${cost_bp.toFixed(2)} bp, what a trade costs.`;
  if (recommendation === "AVOID") {
    return `${beyond} None of the three is sure enough: the likeliest, ${direction}, has ${confidence.toFixed(1)} %. So nothing is done.`;
  }
  if (direction === "HOLD") {
    return `${beyond} With ${confidence.toFixed(1)} % the price stays within that: there is nothing to earn.`;
  }
  return `${beyond} ${direction} has ${confidence.toFixed(1)} %.`;
}
