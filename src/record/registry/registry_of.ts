/** The registry as this build and its configuration have it: the feature sets it computes, the bundle store it names. */

import type { Sql } from "postgres";
import type { Clock } from "../../base/clock.ts";
import type { Config } from "../../base/config.ts";
import { FEATURE_SETS } from "../../features/sets/all.ts";
import { bundleStoreOf } from "./bundle_store.ts";
import { Registry } from "./registry.ts";

/** @param model_dir where bundles are on this machine, if not in the configuration's. */
export const registryOf = (
  sql: Sql,
  config: Config,
  clock: Clock,
  model_dir: string = config.model_dir,
): Registry => {
  const store = bundleStoreOf(config, clock);
  return new Registry({ sql, model_dir, sets: FEATURE_SETS, store, seal: config.bundle_key });
};
