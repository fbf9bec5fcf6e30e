/** What each error code means, and what a person does about it, as docs/runbook.md says it. What the process does is in `ERROR_TABLE`. */

import type { ErrorCode } from "../errors.ts";
import type { Advice } from "./errors/advice.ts";
import { ANSWER_ERRORS } from "./errors/answer.ts";
import { EXCHANGE_ERRORS } from "./errors/exchange.ts";
import { JOB_ERRORS } from "./errors/job.ts";
import { MODEL_ERRORS } from "./errors/model.ts";
import { PROGRAM_ERRORS } from "./errors/program.ts";
import { STORE_ERRORS } from "./errors/store.ts";

export const ERROR_ADVICE: Readonly<Record<ErrorCode, Advice>> = {
  ...PROGRAM_ERRORS,
  ...EXCHANGE_ERRORS,
  ...MODEL_ERRORS,
  ...STORE_ERRORS,
  ...ANSWER_ERRORS,
  ...JOB_ERRORS,
};
