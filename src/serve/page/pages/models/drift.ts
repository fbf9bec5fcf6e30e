/** Drift: how far each feature of the champion has left what it was trained on, what can hurt first. */

import type { DriftJson, DriftsJson } from "../../../messages/operate/drift.ts";
import { type Answer, post } from "../../ask/ask.ts";
import { card, make, small, state, table } from "../../draw/dom.ts";
import { drawing, element, line, px } from "../../draw/svg.ts";

type DriftedFeature = DriftJson["features"][number];
type DriftAnswer = Answer<DriftsJson>;

/** It reads only, whatever its verb says. */
export const askDrift = (symbol: string): Promise<DriftAnswer> => post(`/drift-detection?symbol=${symbol}`);

const TITLE = "Drift of the champion by feature";
const SAYS: Readonly<Record<string, string>> = {
  OK: "The market is like the one it was trained on.",
  WATCH: "Something has moved; nothing it reads much of.",
  RETRAIN_SOON: "A tenth of what it reads has moved: train anew soon.",
  RETRAIN_NOW: "A third of what it reads has moved: train anew now.",
};

export function driftCard(answer: DriftAnswer): HTMLElement {
  if (answer.kind !== "ok") return card(TITLE, small(answer.why));
  const { results } = answer.body;
  if (results.length === 0) {
    const none = "Nothing has been looked at yet: a champion is looked at every quarter of an hour.";
    return card(TITLE, small(none));
  }
  return card(TITLE, ...results.flatMap(driftOf));
}

function driftOf({ model_id, recommendation, span, completeness, note, features }: DriftJson): HTMLElement[] {
  if (features.length === 0) {
    const why = note ?? "too little of the time looked at is there to say anything";
    const there = completeness === null ? "" : ` (${(100 * completeness).toFixed(0)} % of it)`;
    return [make("p", {}, model_id), small(`Nothing is said: ${why}${there}.`)];
  }
  const beyond = features.filter(({ drifted }) => drifted).length;
  const looked = `${model_id}, the last ${span ?? "hour"}: ${beyond} of ${features.length} beyond their threshold.`;
  const rows = features.map((feature, i) => ({ ...feature, rank: i + 1 }));
  return [
    make("p", { class: "said" }, SAYS[recommendation] ?? recommendation),
    small(`${looked} What can hurt most comes first; the line is the threshold.`),
    table<DriftedFeature & { readonly rank: number }>(
      "Drift by feature",
      [
        { title: "Rank", unseen: true, cell: ({ rank }) => String(rank) },
        { title: "Feature", cell: ({ name }) => name },
        { title: "Distance", num: true, cell: ({ score }) => score.toPrecision(3) },
        { title: "Threshold", num: true, cell: ({ threshold }) => threshold.toPrecision(3) },
        { title: "Beside it", cell: beside },
        {
          title: "Whether it drifted",
          unseen: true,
          cell: ({ drifted }) => state(drifted ? "beyond" : "within", drifted),
        },
      ],
      rows,
    ),
  ];
}

const BAR_PX = 110;
/** The threshold stands here, so that twice the threshold fills the bar. */
const AT_PX = BAR_PX / 2;

function beside({ score, threshold, drifted }: DriftedFeature): SVGElement {
  const share = threshold === 0 ? 2 : score / threshold;
  return drawing(BAR_PX, 14, `${share.toFixed(2)} times its threshold`, [
    element("rect", { class: "rail", x: 0, y: 5, width: BAR_PX, height: 4, rx: 2 }),
    element("rect", {
      class: drifted ? "sell" : "buy",
      ...{ x: 0, y: 5, width: px(Math.min(2, share) * AT_PX), height: 4, rx: 2 },
    }),
    line("limit-line", AT_PX, 0, AT_PX, 14),
  ]);
}
