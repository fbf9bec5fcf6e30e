/** Of alerts, tapes and trainings. */

import type { ErrorCode } from "../../errors.ts";
import type { Advice } from "./advice.ts";

export const JOB_ERRORS = {
  ALERT_CHANNEL: {
    means: "An alert could not be delivered.",
    to_do: "It is tried again, and kept in the table alerts. Look at the webhook or the mail server.",
  },
  ALERT_REFUSED: {
    means: "The receiver of alerts refused one for good.",
    to_do: "The message has its answer: the URL, the address or the password is wrong.",
  },
  TAPE_INVALID: {
    means: "A recording cannot be read.",
    to_do: "The message names what and where. A cut one is read up to its last whole block.",
  },
  TRAIN_DATA: {
    means: "There are too few rows to train on, or they are not what a training needs.",
    to_do: "The message says how many there are and what is needed. Backfill more days, or record longer.",
  },
  TRACKING_REFUSED: {
    means: "The tracking server (MLflow) refused a run.",
    to_do: "The training goes on and its figures are in the database. Check MLFLOW_TRACKING_URI.",
  },
  TRAIN_QUEUE: {
    means: "The queue of trainings did not answer.",
    to_do: "As STORE_UNREACHABLE: it is in the database.",
  },
  TRAIN_JOB: {
    means: "A training ended without a result.",
    to_do: "bun run jobs show says at which step and why.",
  },
  TRAIN_BACKEND: {
    means: "No backend of TensorFlow.js could be loaded.",
    to_do: "Install the dependencies again: npm ci.",
  },
} satisfies Partial<Record<ErrorCode, Advice>>;
