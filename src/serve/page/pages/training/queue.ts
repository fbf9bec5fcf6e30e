/** The queue: what runs, what waits and behind how many, what has ended and why. */

import type { JobJson } from "../../../messages/operate/trainings.ts";
import { card, make, small, table, tag } from "../../draw/dom.ts";
import { ageText, dayTimeText } from "../../words.ts";

/** @param shown whose log is below. */
export function queueCard(
  jobs: readonly JobJson[],
  shown: string | undefined,
  open: (training_id: string) => void,
): HTMLElement {
  const title = "Queue, and what came of it";
  if (jobs.length === 0) {
    return card(
      title,
      small("Nothing was asked for yet: a schedule, a drift or a person asks for a training."),
    );
  }
  const waiting = jobs.filter(({ status }) => status === "waiting").length;
  const running = jobs.filter(({ status }) => status === "running").length;
  return card(
    title,
    small(`${running} running, ${waiting} waiting. A worker takes the one that was asked for first.`),
    table(
      "Trainings that were asked for",
      [
        {
          title: "Asked for",
          wrap: true,
          cell: (job) =>
            make(
              "div",
              {},
              `${job.symbol}, ${dayTimeText(job.requested_at)}`,
              make("div", { class: "small" }, whyWords(job)),
            ),
        },
        {
          title: "Came of it",
          wrap: true,
          cell: (job) => make("div", { class: "came" }, tag(job.status), ` ${cameWords(job, jobs)}`),
        },
        { title: "Took", num: true, cell: tookText },
        { title: "Its log", unseen: true, cell: (job) => logButton(job, shown, open) },
      ],
      jobs,
    ),
  );
}

const REASONS: Readonly<Record<string, string>> = {
  schedule: "by the schedule",
  drift: "for drift",
  realised_error: "for the champion's errors",
  new_data: "for new data",
};

/** Why it was asked for: by whom, or for what. */
const whyWords = ({ reason, requested_by, settings }: JobJson): string => {
  const models = Array.isArray(settings.models) ? `, ${settings.models.join(" and ")}` : "";
  return `${REASONS[reason] ?? `by ${requested_by}`}${models}`;
};

function tookText({ started_at, ended_at }: JobJson): string {
  if (started_at === null) return "–";
  const end_ms = ended_at === null ? Date.now() : Date.parse(ended_at);
  return ageText(end_ms - Date.parse(started_at));
}

function cameWords(job: JobJson, jobs: readonly JobJson[]): string {
  const { status, step, progress, worker, attempt, problem, cancelled_by, versions, challenger } = job;
  const again = attempt > 1 ? `, begun ${attempt} times` : "";
  if (status === "running") {
    const share = progress === null ? "" : `, ${Math.round(100 * progress)} %`;
    return `${step ? `at the step ${step}${share}` : "it begins"}, by ${worker ?? "a worker"}${again}`;
  }
  if (status === "waiting") {
    const before = jobs.filter(
      (one) => one.status === "waiting" && Date.parse(one.requested_at) < Date.parse(job.requested_at),
    ).length;
    const place = before === 0 ? "next" : `${before} before it`;
    return problem === null ? place : `${place}; the last attempt: ${problem}`;
  }
  if (status === "cancelled") return `taken back by ${cancelled_by ?? "nobody known"}`;
  if (status === "failed") return `${problem ?? "no reason is known"}${again}`;
  const made = versions.join(", ") || "no model";
  return challenger === null ? `${made}; none is on trial` : `${made}; ${challenger} is on trial`;
}

function logButton(
  { training_id, requested_at, symbol }: JobJson,
  shown: string | undefined,
  open: (training_id: string) => void,
): HTMLElement {
  const button = make("button", { type: "button", "aria-pressed": String(shown === training_id) }, "Log");
  button.setAttribute("aria-label", `Log of ${symbol}, asked for ${dayTimeText(requested_at)}`);
  button.onclick = () => open(training_id);
  return button;
}
