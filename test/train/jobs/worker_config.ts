/** What a worker under test is told; its children read the same from the environment. */

import { join } from "node:path";
import { type Config, readConfig } from "../../../src/base/config.ts";

export const workerEnvironment = (url: string, folder: string): Record<string, string> => ({
  ...{ DATABASE_URL: url, DATA_DIR: join(folder, "data"), MODEL_DIR: join(folder, "models") },
  ...{ MIN_TRAINING_DATA_POINTS: "200", TRAINING_SCHEDULE: "off", LOG_LEVEL: "silent" },
});

export const workerConfig = (url: string, folder: string): Config =>
  readConfig(workerEnvironment(url, folder));
