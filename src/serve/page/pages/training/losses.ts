/** How a training's losses went, member by member, epoch by epoch. */

import type { TrainingJson } from "../../../messages/operate/trainings.ts";
import { make, small } from "../../draw/dom.ts";
import { drawing, line, path, px, widthOf } from "../../draw/svg.ts";

type Loss = NonNullable<TrainingJson["losses"]>[number];

/** Losses heard of one training while this page was open: the service gives the newest of each member. */
let heard: { readonly training: string; readonly losses: Map<string, Loss> } | undefined;

export function lossesOf({ training_id = "", losses = [] }: TrainingJson): Loss[] {
  if (heard?.training !== training_id) heard = { training: training_id, losses: new Map() };
  for (const loss of losses) heard.losses.set(`${loss.kind} ${loss.member} ${loss.epoch}`, loss);
  return [...heard.losses.values()].sort((one, other) => one.epoch - other.epoch);
}

const HEIGHT = 160;

/** Of every member by epoch: in training, and in validation, which decides when it stops. */
export function lossCurve(losses: readonly Loss[]): HTMLElement {
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
