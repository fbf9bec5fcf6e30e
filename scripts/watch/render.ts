/** The screen of `bun run watch`, and its lines where there is no screen: text of what is known, and nothing else. */

import { US_PER_MS } from "../../src/base/units.ts";
import type { PredictionJson, PredictionRowJson } from "../../src/serve/messages/predictions.ts";
import { verdictOf } from "../../src/serve/page/live/history.ts";
import {
  ageText,
  bpText,
  forecastWords,
  makerWords,
  priceText,
  qualityWords,
  scoreWords,
  timeText,
  worthWords,
} from "../../src/serve/page/words.ts";
import type { Part, View } from "./view.ts";

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly coloured: boolean;
}

type Tone = "plain" | "good" | "bad" | "dim" | "strong";
const TONES: Readonly<Record<Tone, string>> = {
  ...{ plain: "", good: "\x1b[32m", bad: "\x1b[31m", dim: "\x1b[2m", strong: "\x1b[1m" },
};

/** What stands beside a label: one or several lines, wrapped where the screen is narrow. */
interface Row {
  readonly label: string;
  readonly lines: readonly (readonly [tone: Tone, text: string])[];
}

const LABEL_COLUMNS = 10;
/** Below this the labels stand above their lines. */
const NARROW_COLUMNS = 60;
/** A forecast older than this is not one of now (ms). */
const OLD_MS = 3_000;
const OUTCOMES_SHOWN = 5;
const BAR_CELLS = 20;

/** Every line of the screen, none wider than it and no more of them than it has. */
export function screenLines(view: View, now_ms: number, { columns, rows, coloured }: Screen): string[] {
  const all = [head(view, now_ms), price(view), forecast(view), outcomes(view), quality(view), health(view)];
  const narrow = columns < NARROW_COLUMNS;
  const indent = narrow ? 2 : LABEL_COLUMNS + 2;
  const lines = all.flatMap(({ label, lines }): [Tone, string][] => {
    const wrapped = lines.flatMap(([tone, text]) =>
      wrap(text, Math.max(1, columns - indent)).map((part): [Tone, string] => [tone, part]),
    );
    if (narrow)
      return [["dim", label], ...wrapped.map(([tone, text]): [Tone, string] => [tone, `  ${text}`])];
    return wrapped.map(([tone, text], at) => [tone, (at === 0 ? label : "").padEnd(indent) + text]);
  });
  return lines
    .slice(0, Math.max(1, rows - 1))
    .map(([tone, text]) => paint(tone, text.slice(0, columns), coloured));
}

const paint = (tone: Tone, text: string, coloured: boolean): string =>
  coloured && tone !== "plain" ? `${TONES[tone]}${text}\x1b[0m` : text;

/** By words; one that is too long for a line is cut. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text
    .split(" ")
    .flatMap((one) => one.match(new RegExp(`.{1,${columns}}`, "gu")) ?? [""])) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function head({ link, symbol, url, forecast_ms }: View, now_ms: number): Row {
  const what = `${symbol ?? "…"} at ${url}`;
  const age_ms = forecast_ms === undefined ? null : now_ms - forecast_ms;
  if (link.state === "away")
    return { label: "foretick", lines: [["bad", `${what}: ${link.why}; trying again`]] };
  if (link.state === "connecting") return { label: "foretick", lines: [["dim", `${what}: connecting`]] };
  const old = age_ms === null || age_ms > OLD_MS;
  const age = age_ms === null ? "no forecast yet" : `the newest forecast came ${ageText(age_ms)} ago`;
  return { label: "foretick", lines: [[old ? "bad" : "good", `${what}: live, ${age}`]] };
}

function price({ market }: View): Row {
  if (!market) return { label: "price", lines: [["dim", "nothing yet"]] };
  const { last_price, bid_price, ask_price, reason } = market;
  const line = `${priceText(last_price)}   bid ${priceText(bid_price)}  ask ${priceText(ask_price)}`;
  return {
    label: "price",
    lines: [["strong", line], ...(reason === null ? [] : [["bad", reason] as const])],
  };
}

function forecast({ history, market }: View): Row {
  const { newest } = history;
  if (!newest) return { label: "forecast", lines: [["dim", market?.reason ?? "nothing yet"]] };
  const { p_up, confidence, warm, source, latency_ms } = newest;
  const share = (value: number | null): string =>
    value === null ? "not known" : `${Math.round(100 * value)} %`;
  const notes = [
    ...(warm ? [] : ["not warm: its look-back has gaps"]),
    ...(source === "onnx" ? [] : ["not by onnxruntime"]),
    `made in ${latency_ms.toFixed(1)} ms`,
  ];
  return {
    label: "forecast",
    lines: [
      [directionTone(newest), forecastWords(newest)],
      ["plain", worthWords(newest) || "no interval yet"],
      ["plain", `up ${p_up === null ? "" : `${bar(p_up)} `}${share(p_up)}   confidence ${share(confidence)}`],
      [warm ? "dim" : "bad", `${makerWords(newest)} (${notes.join(", ")})`],
    ],
  };
}

const bar = (share: number): string => {
  const filled = Math.round(BAR_CELLS * share);
  return `${"█".repeat(filled)}${"░".repeat(BAR_CELLS - filled)}`;
};

const directionTone = ({ yhat_log_return }: PredictionJson): Tone =>
  yhat_log_return === 0 ? "plain" : yhat_log_return > 0 ? "good" : "bad";

function outcomes({ history }: View): Row {
  const { rows } = history;
  const known = rows.filter(({ realized_log_return }) => realized_log_return !== null).slice(-OUTCOMES_SHOWN);
  const lines = known.reverse().map((row) => outcomeLine(row));
  return { label: "outcomes", lines: [["plain", scoreWords(history.score())], ...lines] };
}

function outcomeLine(row: PredictionRowJson): readonly [Tone, string] {
  const verdict = verdictOf(row, Number.POSITIVE_INFINITY);
  const tone = verdict === "right" ? "good" : verdict === "wrong" ? "bad" : "dim";
  const text = `${timeText(row.ts_sec)}  forecast ${bpText(row.yhat_log_return)}, came ${bpText(row.realized_log_return)}: ${verdict}`;
  return [tone, text];
}

function quality({ quality: known }: View): Row {
  if (!known) return { label: "quality", lines: [["dim", "nothing yet"]] };
  const { figure, rests, ridge } = qualityWords(known);
  return { label: "quality", lines: [figure, rests, ridge].filter(Boolean).map((text) => ["plain", text]) };
}

function health({ health: known, symbol }: View): Row {
  if (!known) return { label: "health", lines: [["dim", "not known"]] };
  const unwell = known.dependencies.filter(
    (part) => part.state !== "ok" && (part.symbol ?? symbol) === symbol,
  );
  if (unwell.length === 0) return { label: "health", lines: [["good", `ok, version ${known.version}`]] };
  return {
    label: "health",
    lines: [["bad", known.status], ...unwell.map((part) => ["plain", partText(part)] as const)],
  };
}

const partText = ({ name, state, reason }: Part): string =>
  `${name} ${state}: ${reason ?? "no reason given"}`;

/** Where there is no screen: one forecast a line. */
export function forecastLine(prediction: PredictionJson): string {
  const { symbol, ts_sec, current_price, emitted_at_us, warm } = prediction;
  const late_ms = Math.round(emitted_at_us / US_PER_MS - ts_sec * 1_000);
  const parts = [
    `${timeText(ts_sec)} ${symbol} ${priceText(current_price)}`,
    forecastWords(prediction),
    worthWords(prediction),
    ...(warm ? [] : ["not warm"]),
    `${late_ms} ms after the second`,
  ];
  return parts.filter(Boolean).join("; ");
}
