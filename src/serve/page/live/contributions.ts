/** What moved the newest forecast: each feature's share of it, up to the right and down to the left. */

import type { ContributionsJson } from "../../routes/get_contributions.ts";
import { small, table } from "../draw/dom.ts";
import { drawing, element, line, px } from "../draw/svg.ts";
import { bpText, timeText } from "../words.ts";

const SHOWN = 8;
const BAR_PX = 130;
const MIDDLE_PX = BAR_PX / 2;

type Feature = ContributionsJson["features"][number];

export function drawContributions(place: HTMLElement, body: ContributionsJson): void {
  const { features, reason, yhat_log_return, ts_sec } = body;
  if (reason !== null) {
    place.replaceChildren(small(`Not known what moved it: ${reason}`));
    return;
  }
  const shown = features.slice(0, SHOWN);
  const reach = Math.max(...shown.map(({ contribution }) => Math.abs(contribution)), 1e-9);
  place.replaceChildren(
    small(
      `The forecast of ${timeText(ts_sec)}, ${bpText(yhat_log_return)}: how far each feature moved it, beside what it would have been with that feature as it usually was in training.`,
    ),
    table<Feature>(
      "What moved the forecast",
      [
        { title: "Feature", cell: ({ name }) => name },
        { title: "Moved it by", num: true, cell: ({ contribution }) => bpText(contribution) },
        { title: "Down or up", cell: ({ contribution }) => bar(contribution, reach) },
      ],
      shown,
    ),
  );
}

function bar(contribution: number, reach: number): SVGElement {
  const width = (Math.abs(contribution) / reach) * (MIDDLE_PX - 2);
  const x = contribution < 0 ? MIDDLE_PX - width : MIDDLE_PX;
  return drawing(BAR_PX, 14, bpText(contribution), [
    element("rect", { class: "rail", x: 0, y: 6, width: BAR_PX, height: 2 }),
    element("rect", {
      class: contribution < 0 ? "sell" : "buy",
      x: px(x),
      y: 3,
      width: px(width),
      height: 8,
    }),
    line("zero-line", MIDDLE_PX, 0, MIDDLE_PX, 14),
  ]);
}
