/** Trainings: what runs now, the queue, the log of one of them, and the models that were fitted. */

import type { JobsJson, RunJson, RunsJson, TrainingJson } from "../../../messages/operate/trainings.ts";
import { ask } from "../../ask/ask.ts";
import { withKey } from "../../ask/key.ts";
import { card, small, table, tag } from "../../draw/dom.ts";
import type { PageContext } from "../../page_context.ts";
import { count, dayTimeText } from "../../words.ts";
import { logCard } from "./log.ts";
import { nowOf } from "./now.ts";
import { queueCard } from "./queue.ts";

/** Of which job the log is shown; undefined: of the first in the queue. */
let opened: string | undefined;

export function show(context: PageContext): Promise<void> {
  return withKey("Training", context, async () => {
    const [now, jobs, runs] = await Promise.all([
      ask<TrainingJson>(`/training-status?symbol=${context.symbol}`),
      ask<JobsJson>("/training-jobs?limit=20"),
      ask<RunsJson>("/training-runs?limit=30"),
    ]);
    if (now.kind !== "ok") return now;
    if (jobs.kind !== "ok") return jobs;
    if (runs.kind !== "ok") return runs;
    const all = jobs.body.jobs;
    const of = all.find(({ training_id }) => training_id === opened) ?? all[0];
    const open = (training_id: string): void => {
      opened = training_id;
      context.again();
    };
    const log = of ? await logCard(of, context.place) : "";
    return [nowOf(now.body, context), queueCard(all, of?.training_id, open), log, runsOf(runs.body.runs)];
  });
}

function runsOf(runs: readonly RunJson[]): HTMLElement {
  if (runs.length === 0) return card("Models fitted", small("Nothing was trained yet."));
  return card(
    "Models fitted, newest first",
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
