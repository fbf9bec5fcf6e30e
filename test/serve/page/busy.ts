/** What operators have of a service that has been at work: trainings in every state, a log, a report card, an experiment, a deployment. */

import { EXPERIMENT, fullOperator, NEXT, RIDGE } from "./full_market.ts";

const AT_US = 1.7321e15;

const job = (job_id: string, changes: object) => ({
  ...{ job_id, symbol: "BTCUSDT", reason: "person", requested_by: "anna", settings: { models: ["ridge"] } },
  ...{ requested_us: AT_US, started_us: null, ended_us: null, step: null, share: null, losses: [] },
  ...{ attempt: 0, worker: null, problem: null, cancelled_by: null, versions: [], challenger: null },
  ...{ data_rows: null, ...changes },
});
const OVER = { started_us: AT_US, ended_us: AT_US + 75e6, attempt: 1 };
const LOSSES = Array.from({ length: 24 }, (_, i) => ({
  ...{ kind: "mlp", member: 1 + (i % 2), epoch: 1 + Math.floor(i / 2) },
  ...{ loss: 0.98 - 0.012 * Math.sqrt(i), validation_loss: 0.985 - 0.01 * Math.sqrt(i) },
}));

export const JOBS = [
  job("1", {
    ...{ status: "running", step: "fit", share: 0.4, started_us: AT_US, worker: "one:7", attempt: 2 },
    losses: LOSSES,
  }),
  job("2", { status: "waiting", reason: "drift", symbol: "ETHUSDT" }),
  job("3", { ...OVER, status: "finished", reason: "schedule", versions: [RIDGE, NEXT], challenger: NEXT }),
  job("4", { ...OVER, status: "failed", problem: "at least 1,000 rows expected, 12 are usable" }),
  job("5", { status: "cancelled", cancelled_by: "rita", ended_us: AT_US }),
];

/** @param lines so many; the fourth is a warning. */
export const logOf = (lines: number) => ({
  ...{ attempt: 1, left_out: 5, told_us: AT_US + 150e6 },
  lines: Array.from({ length: lines }, (_, i) => ({
    at: new Date(AT_US / 1_000 + 1_500 * i).toISOString(),
    level: i === 3 ? ("warn" as const) : ("info" as const),
    text: `mlp, member 1 of 2, epoch ${i + 1}: loss ${(0.98 - 0.002 * i).toPrecision(4)}, in validation 0.9871`,
  })),
});

const RUN = {
  ...{ run_id: "1", kind: "ridge", feature_set: "v1", set_hash: "", parameters: {}, symbol: "BTCUSDT" },
  ...{ data_from_us: AT_US, data_to_us: AT_US, data_rows: 41_922, data_sha256: "", sources: [], epochs: [] },
  ...{ code_commit: null, scores: null, status: "finished", problem: null, version: RIDGE },
  ...{ started_us: AT_US, ended_us: AT_US },
};
const DEPLOYMENT = {
  ...{ deployment_id: "1", version: NEXT, symbol: "*", symbols: ["BTCUSDT"], strategy: "canary" },
  ...{
    status: "running",
    share: 0.1,
    hold_s: 600,
    forced: false,
    version_before: RIDGE,
    requested_by: "anna",
  },
  ...{ reason: "better in its test", requested_us: AT_US, ended_us: null },
  steps: [
    { at: "2024-11-20T12:00:00.000Z", step: "canary", symbol: "*", share: 0.1, actor: "anna", evidence: {} },
  ],
};

export const busyOperator = (changes: object = {}): never =>
  fullOperator({
    trainings: async () => JOBS,
    trainingLog: async () => logOf(60),
    runs: async () => [
      RUN,
      { ...RUN, run_id: "2", kind: "mlp", version: null, status: "failed", problem: "stopped" },
    ],
    experiments: async () => [EXPERIMENT],
    deployments: async () => [DEPLOYMENT],
    ...changes,
  });
