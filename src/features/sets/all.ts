/** Every feature set there is. A set added here is computed live, compiled to SQL, documented and proven equal. */

import type { FeatureSet } from "./feature_set.ts";
import { gold } from "./gold.ts";
import { indicators } from "./indicators.ts";
import { minute } from "./minute.ts";
import { trades } from "./trades.ts";
import { v1 } from "./v1.ts";

/** In the order their vectors leave an engine; v1 first. */
export const FEATURE_SETS: readonly FeatureSet[] = [v1, gold, minute, indicators, trades];
