/**
 * Every bound of the process, each with a unit and what happens at it; by what they bound in `limits/`. A queue or a
 * loop without a line there is a defect.
 */

import { ACCESS_LIMITS } from "./limits/access.ts";
import { ALERT_LIMITS } from "./limits/alert.ts";
import { BELIEF_LIMITS } from "./limits/belief.ts";
import { EXPERIMENT_LIMITS } from "./limits/experiment.ts";
import { FORECAST_LIMITS } from "./limits/forecast.ts";
import { HISTORY_LIMITS } from "./limits/history.ts";
import { JUDGE_LIMITS } from "./limits/judge.ts";
import { MARKET_LIMITS } from "./limits/market.ts";
import { MODEL_LIMITS } from "./limits/model.ts";
import { REDIS_LIMITS } from "./limits/redis.ts";
import { SERVE_LIMITS } from "./limits/serve.ts";
import { SIM_LIMITS } from "./limits/sim.ts";
import { STEER_LIMITS } from "./limits/steer.ts";
import { STORE_LIMITS } from "./limits/store.ts";
import { TERMINAL_LIMITS } from "./limits/terminal.ts";
import { WIRE_LIMITS } from "./limits/wire.ts";
import { WRITE_LIMITS } from "./limits/write.ts";

export const LIMITS = {
  ...WIRE_LIMITS,
  ...BELIEF_LIMITS,
  ...MARKET_LIMITS,
  ...FORECAST_LIMITS,
  ...WRITE_LIMITS,
  ...STORE_LIMITS,
  ...HISTORY_LIMITS,
  ...MODEL_LIMITS,
  ...JUDGE_LIMITS,
  ...REDIS_LIMITS,
  ...SERVE_LIMITS,
  ...ACCESS_LIMITS,
  ...EXPERIMENT_LIMITS,
  ...SIM_LIMITS,
  ...ALERT_LIMITS,
  ...STEER_LIMITS,
  ...TERMINAL_LIMITS,
} as const;

export type LimitName = keyof typeof LIMITS;
