/** An experiment's interval as it tightened: zero outside of it is a decision. */

import type { EvidenceJson } from "../../messages/operate/experiments.ts";
import { make, small } from "../draw/dom.ts";
import { drawing, element, label, line, path, px, widthOf } from "../draw/svg.ts";
import { dayTimeText } from "../words.ts";
import { figure } from "./evidence_words.ts";

type EvidencePointJson = EvidenceJson["points"][number];

const [WIDTH_MAX, HEIGHT, RIGHT_PX, FOOT_PX] = [860, 190, 92, 20];

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
  const width = widthOf(WIDTH_MAX);
  const plot = width - RIGHT_PX;
  const x = ({ n_blocks }: EvidencePointJson): number =>
    ((n_blocks - first_block) / (last_block - first_block || 1)) * plot;
  const bottom = HEIGHT - FOOT_PX;
  const y = (value: number): number => 6 + ((high - bound(value)) / (high - low || 1)) * (bottom - 12);
  const trace = (name: "lower" | "mean" | "upper"): string[] =>
    known.map((point) => `${px(x(point))} ${px(y(point[name]!))}`);
  const from = label(0, HEIGHT - 4, dayTimeText(known[0]!.at));
  const to = label(plot, HEIGHT - 4, dayTimeText(last.at), "end");
  const marks = [low, 0, high].filter((value, i) => i === 1 || Math.abs(y(value) - y(0)) > 16);
  return make(
    "div",
    {},
    drawing(width, HEIGHT, says, [
      path("sequence", `M${[...trace("upper"), ...trace("lower").reverse()].join("L")}z`),
      line("limit-line", 0, y(0), plot, y(0)),
      path("validation-line", `M${trace("mean").join("L")}`),
      element("circle", { class: "dot", cx: px(x(last)), cy: px(y(last.mean)), r: 4 }),
      ...marks.map((value) => label(plot + 8, y(value) + 4, value === 0 ? "no difference" : figure(value))),
      from,
      to,
    ]),
    small(
      "Above the line b errs less. The band narrows with every block; once the line lies outside of it, it is decided.",
    ),
  );
}
