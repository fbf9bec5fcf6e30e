/** What `bun run jobs` prints, times in UTC. */

import { US_PER_MS } from "../../src/base/units.ts";
import type { TrainingJob } from "../../src/record/training/jobs.ts";
import { table } from "./models.ts";

const timeOf = (time_us: number | null): string =>
  time_us === null ? "" : new Date(time_us / US_PER_MS).toISOString().slice(0, 19).replace("T", " ");

const percent = (share: number | null): string => (share === null ? "" : ` ${(share * 100).toFixed(0)} %`);

const stateOf = ({ status, step, share, cancelled_by }: TrainingJob): string => {
  if (status !== "running") return status;
  return `running: ${cancelled_by === null ? `${step ?? "starting"}${percent(share)}` : "being cancelled"}`;
};

export function jobLines(jobs: readonly TrainingJob[]): string[] {
  if (jobs.length === 0) return ['no training was asked for: "bun run jobs add"'];
  return table(
    ["job", "symbol", "reason", "state", "asked for (UTC)", "by", "came of it"],
    jobs.map((job) => [
      ...[job.job_id, job.symbol, job.reason, stateOf(job), timeOf(job.requested_us), job.requested_by],
      job.challenger ? `challenger ${job.challenger}` : (job.problem ?? job.versions.join(", ")),
    ]),
  );
}

export function jobDetailLines(job: TrainingJob): string[] {
  const line = (name: string, value: string): string[] =>
    value === "" ? [] : [`${name.padEnd(11)}${value}`];
  return [
    ...line("job", job.job_id),
    ...line("symbol", job.symbol),
    ...line("reason", `${job.reason}, asked for by ${job.requested_by} at ${timeOf(job.requested_us)}`),
    ...line("evidence", Object.keys(job.evidence).length > 0 ? JSON.stringify(job.evidence) : ""),
    ...line("settings", Object.keys(job.settings).length > 0 ? JSON.stringify(job.settings) : ""),
    ...line("state", stateOf(job)),
    ...line(
      "attempt",
      job.attempt > 0 ? `${job.attempt}, by ${job.worker} from ${timeOf(job.started_us)}` : "",
    ),
    ...job.losses.flatMap(({ kind, member, epoch, loss, validation_loss }) =>
      line(
        "loss",
        `${kind} ${member} epoch ${epoch}: ${loss.toFixed(5)}, validation ${validation_loss.toFixed(5)}`,
      ),
    ),
    ...line("ended", timeOf(job.ended_us)),
    ...line("problem", job.problem ?? ""),
    ...line("rows", job.data_rows === null ? "" : job.data_rows.toLocaleString("en")),
    ...line("registered", job.versions.join(", ")),
    ...line("challenger", job.challenger ?? ""),
  ];
}
