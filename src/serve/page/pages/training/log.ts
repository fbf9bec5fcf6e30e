/** The last lines that a training has logged, live while it runs: the newest is in sight unless its reader has gone up. */

import type { JobJson, TrainingLogJson } from "../../../messages/operate/trainings.ts";
import { ask } from "../../ask/ask.ts";
import { card, make, small } from "../../draw/dom.ts";
import { count, dayTimeText, timeText } from "../../words.ts";

/** So near to its end is at its end (px). */
const NEAR_PX = 24;

export async function logCard(job: JobJson, place: HTMLElement): Promise<HTMLElement> {
  const title = `Log of ${job.symbol}, asked for ${dayTimeText(job.requested_at)}`;
  const answer = await ask<TrainingLogJson>(`/training-jobs/${encodeURIComponent(job.training_id)}/log`);
  if (answer.kind !== "ok") return card(title, small(answer.why));
  const { lines, left_out, told_at } = answer.body;
  if (lines.length === 0) return card(title, small(emptyWords(job)));
  const box = make(
    "ol",
    { class: "log", id: "training-log", tabindex: "0", "aria-label": "Lines of the log, the newest last" },
    ...lines.map(lineOf),
  );
  const before = left_out === 0 ? "" : `; ${count(left_out)} before them are no longer kept`;
  const until = told_at === null ? "" : `, up to ${timeText(Date.parse(told_at) / 1_000)}`;
  const made = card(title, small(`The last ${count(lines.length)} lines${until}${before}.`), box);
  keepInSight(box, place, job.training_id);
  return made;
}

function emptyWords({ status }: JobJson): string {
  if (status === "waiting") return "It has not begun.";
  return status === "running"
    ? "It has logged nothing yet."
    : "Nothing of it is kept: it never began, or LOG_LEVEL hides what it says.";
}

const lineOf = ({ at, level, text }: TrainingLogJson["lines"][number]): HTMLElement =>
  make(
    "li",
    { "data-level": level },
    make("span", { class: "log-time" }, at === null ? "" : timeText(Date.parse(at) / 1_000)),
    level === "info" ? text : `${level}: ${text}`,
  );

/** Whose log was drawn last. */
let drawn = "";

/** Where its reader was, once it is drawn: at the end it stays at the end. */
function keepInSight(box: HTMLElement, place: HTMLElement, training_id: string): void {
  const before = drawn === training_id ? place.querySelector<HTMLElement>("#training-log") : null;
  drawn = training_id;
  const at_end = !before || before.scrollHeight - before.scrollTop - before.clientHeight < NEAR_PX;
  const top = before?.scrollTop ?? 0;
  const focused = before !== null && before === document.activeElement;
  requestAnimationFrame(() => {
    box.scrollTop = at_end ? box.scrollHeight : top;
    if (focused) box.focus({ preventScroll: true });
  });
}
