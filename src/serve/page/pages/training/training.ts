/** Trainings: the one that waits or runs with its losses, and what came of those before. */

import type { RunJson, RunsJson, TrainingJson } from "../../../messages/operate/trainings.ts";
import { ask, post } from "../../ask/ask.ts";
import { type Change, confirmChange, withKey } from "../../ask/key.ts";
import { card, make, showList, small, table, tag } from "../../draw/dom.ts";
import { drawing, line, path, px, widthOf } from "../../draw/svg.ts";
import type { PageContext } from "../../page_context.ts";
import { count, dayTimeText } from "../../words.ts";

type Loss = NonNullable<TrainingJson["losses"]>[number];

export function show(context: PageContext): Promise<void> {
  return withKey("Training", context, async () => {
    const [now, runs] = await Promise.all([
      ask<TrainingJson>(`/training-status?symbol=${context.symbol}`),
      ask<RunsJson>("/training-runs?limit=30"),
    ]);
    if (now.kind !== "ok") return now;
    if (runs.kind !== "ok") return runs;
    return [nowOf(now.body, context), runsOf(runs.body.runs)];
  });
}

/** Losses heard of one training while this page was open: the service gives the newest of each member. */
let heard: { readonly training: string; readonly losses: Map<string, Loss> } | undefined;

function lossesOf({ training_id = "", losses = [] }: TrainingJson): Loss[] {
  if (heard?.training !== training_id) heard = { training: training_id, losses: new Map() };
  for (const loss of losses) heard.losses.set(`${loss.kind} ${loss.member} ${loss.epoch}`, loss);
  return [...heard.losses.values()].sort((one, other) => one.epoch - other.epoch);
}

function nowOf(job: TrainingJson, { symbol, again }: PageContext): HTMLElement {
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

const HEIGHT = 160;

/** Of every member by epoch: in training, and in validation, which decides when it stops. */
function lossCurve(losses: readonly Loss[]): HTMLElement {
  const width = widthOf(640);
  const last = Math.max(...losses.map(({ epoch }) => epoch), 1);
  const all = losses.flatMap(({ loss, validation_loss }) => [loss, validation_loss]);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const x = (epoch: number): number => (epoch / last) * width;
  const y = (loss: number): number => HEIGHT - 4 - ((loss - low) / (high - low || 1)) * (HEIGHT - 12);
  const members = Map.groupBy(losses, ({ kind, member }) => `${kind} ${member}`);
  const lines = [...members.values()].flatMap((rows) =>
    (["loss", "validation_loss"] as const).map((name) =>
      path(
        name === "loss" ? "loss-line" : "validation-line",
        `M${rows.map((row) => `${px(x(row.epoch))} ${px(y(row[name]))}`).join("L")}`,
      ),
    ),
  );
  const newest = losses.at(-1)!;
  const words = `Epoch ${newest.epoch}: ${newest.loss.toPrecision(4)} in training (grey), ${newest.validation_loss.toPrecision(4)} in validation (blue).`;
  return make(
    "div",
    {},
    drawing(width, HEIGHT, words, [line("grid", 0, HEIGHT - 1, width, HEIGHT - 1), ...lines]),
    small(words),
  );
}

function runsOf(runs: readonly RunJson[]): HTMLElement {
  if (runs.length === 0) return card("Before", small("Nothing was trained yet."));
  return card(
    "Before, newest first",
    table(
      "Trainings",
      [
        { title: "Began", cell: ({ started_at }) => dayTimeText(started_at) },
        { title: "What", cell: ({ kind, feature_set, symbol }) => `${kind} on ${feature_set} of ${symbol}` },
        { title: "Rows", num: true, cell: ({ data_rows }) => count(data_rows) },
        { title: "Epochs", num: true, cell: ({ epochs }) => (epochs === 0 ? "–" : count(epochs)) },
        { title: "Status", cell: ({ status }) => tag(status) },
        { title: "Came of it", wrap: true, cell: ({ version, problem }) => version ?? problem ?? "–" },
      ],
      runs,
    ),
  );
}
