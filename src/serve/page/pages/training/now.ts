/** The training that runs or waits, with its losses; asking for one, and taking it back. */

import type { TrainingJson } from "../../../messages/operate/trainings.ts";
import { post } from "../../ask/ask.ts";
import { type Change, confirmChange } from "../../ask/key.ts";
import { card, make, showList, small } from "../../draw/dom.ts";
import type { PageContext } from "../../page_context.ts";
import { dayTimeText } from "../../words.ts";
import { lossCurve, lossesOf } from "./losses.ts";

export function nowOf(job: TrainingJson, { symbol, again }: PageContext): HTMLElement {
  if (job.status === "idle") {
    const train = make("button", { type: "button" }, "Train …");
    train.onclick = () => confirmChange(training(symbol), again);
    return card("Now", make("p", {}, sentence(job.message)), make("div", { class: "row start" }, train));
  }
  const back = make("button", { type: "button" }, "Take it back …");
  back.onclick = () => confirmChange(takingBack(job, symbol), again);
  const list = make("dl", {});
  const share =
    job.progress === null || job.progress === undefined ? "" : `, ${Math.round(100 * job.progress)} %`;
  showList(list, [
    ["Status", job.status, job.status === "failed"],
    ["Step", `${job.step ?? "–"}${share}`],
    ["Asked for", job.requested_at ? dayTimeText(job.requested_at) : "–"],
    ["Began", job.started_at ? dayTimeText(job.started_at) : "–"],
  ]);
  const losses = lossesOf(job);
  const curve = losses.length < 2 ? small("Its losses come with its epochs.") : lossCurve(losses);
  return card(
    "Now",
    list,
    curve,
    job.problem ? make("p", { class: "notice" }, job.problem) : "",
    make("div", { class: "row start" }, back),
  );
}

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;

const training = (symbol: string): Change => ({
  title: `Train on ${symbol}`,
  says: [
    "The newest history is read, models are fitted to it and held to the gates; what passes is registered. Nothing that serves changes by it.",
    "A worker takes it from the queue: it costs this machine or another some cores for minutes to hours.",
  ],
  verb: "Train",
  act: () => post("/train", { symbol }),
});

const takingBack = ({ training_id = "" }: TrainingJson, symbol: string): Change => ({
  title: `Take the training of ${symbol} back`,
  says: ["It ends within seconds and registers nothing. What was fitted is lost; it can be asked for again."],
  verb: "Take back",
  act: () => post(`/training-jobs/${training_id}/cancel`),
});
