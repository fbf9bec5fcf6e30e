/** What an experiment says now, and its interval as it tightened: zero outside of it is a decision. */

import { make } from "../dom.ts";
import { drawing, element, label, line, path, px } from "../svg.ts";
import { count, dayTimeText, hoursText, signed } from "../words.ts";

export interface EvidenceJson {
  readonly winner: "a" | "b" | "inconclusive";
  readonly mean: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly confidence_level: number;
  readonly n_blocks: number;
  readonly expected_h: number | null;
  readonly points: readonly EvidencePointJson[];
}

interface EvidencePointJson {
  readonly at: string;
  readonly n_blocks: number;
  readonly mean: number;
  readonly lower: number | null;
  readonly upper: number | null;
}

/** Fewer say nothing: as `BLOCKS_MIN` of the paired test. */
const BLOCKS_MIN = 30;
const [WIDTH, HEIGHT, RIGHT_PX, FOOT_PX] = [640, 190, 66, 20];

/** @param is_over it has ended: what is to come is no longer said. */
export function evidenceWords(of: EvidenceJson, is_over: boolean): string {
  const { n_blocks, mean, lower, upper, confidence_level, winner, expected_h } = of;
  if (n_blocks < BLOCKS_MIN || mean === null || lower === null || upper === null) {
    return `${count(n_blocks)} of the ${BLOCKS_MIN} blocks before which nothing is said: a block is a minute or more of ticks that both forecast.`;
  }
  const figures = `After ${count(n_blocks)} blocks b errs ${Math.abs(1e3 * mean).toFixed(2)} ‰ ${mean >= 0 ? "less" : "more"} than a, between ${figure(lower)} and ${figure(upper)} with ${Math.round(100 * confidence_level)} % over the whole trial, however often one looks.`;
  if (winner !== "inconclusive") return `${figures} ${winner} is better.`;
  if (is_over) return `${figures} No difference was shown.`;
  if (expected_h === null) return `${figures} At this rate no decision is in sight.`;
  return `${figures} Not decided: about ${hoursText(expected_h)} more at this rate.`;
}

/** In thousandths of the label's variance. */
const figure = (value: number): string => `${signed(1e3 * value, 2)} ‰`;

/** The interval by block: band, mean in it, zero across. */
export function evidenceDrawing(points: readonly EvidencePointJson[], says: string): HTMLElement | undefined {
  const known = points.filter((point) => point.lower !== null && point.upper !== null);
  if (known.length < 2) return undefined;
  // The first intervals are so wide that nothing else could be seen: what counts is where it came to.
  const last = known.at(-1)!;
  const reach = 4 * Math.max(Math.abs(last.lower!), Math.abs(last.upper!), 1e-9);
  const bound = (value: number): number => Math.max(-reach, Math.min(reach, value));
  const all = known.flatMap(({ lower, upper }) => [bound(lower!), bound(upper!)]);
  const [low, high] = [Math.min(...all, 0), Math.max(...all, 0)];
  const [first_block, last_block] = [known[0]!.n_blocks, last.n_blocks];
  const plot = WIDTH - RIGHT_PX;
  const x = ({ n_blocks }: EvidencePointJson): number =>
    ((n_blocks - first_block) / (last_block - first_block || 1)) * plot;
  const bottom = HEIGHT - FOOT_PX;
  const y = (value: number): number => 6 + ((high - bound(value)) / (high - low || 1)) * (bottom - 12);
  const trace = (name: "lower" | "mean" | "upper"): string[] =>
    known.map((point) => `${px(x(point))} ${px(y(point[name]!))}`);
  const from = label(0, HEIGHT - 4, dayTimeText(known[0]!.at));
  const to = label(plot, HEIGHT - 4, dayTimeText(last.at));
  to.setAttribute("text-anchor", "end");
  const marks = [low, 0, high].filter((value, i) => i === 1 || Math.abs(y(value) - y(0)) > 16);
  return make(
    "div",
    {},
    drawing(WIDTH, HEIGHT, says, [
      path("sequence", `M${[...trace("upper"), ...trace("lower").reverse()].join("L")}z`),
      line("limit-line", 0, y(0), plot, y(0)),
      path("validation-line", `M${trace("mean").join("L")}`),
      element("circle", { class: "dot", cx: px(x(last)), cy: px(y(last.mean)), r: 4 }),
      ...marks.map((value) => label(plot + 8, y(value) + 4, value === 0 ? "no difference" : figure(value))),
      from,
      to,
    ]),
    make(
      "p",
      { class: "small" },
      "Above the line b errs less. The band narrows with every block; once the line lies outside of it, it is decided.",
    ),
  );
}
