/** The columns of the UTC hour, as every set that has them says them. */

import { byHour } from "../algebra/build.ts";
import { ASIA_HOURS, HOUR_COS, HOUR_SIN, US_HOURS } from "../algebra/hours.ts";
import { type Column, column } from "./feature_set.ts";

export const HOUR_COLUMNS: readonly Column[] = [
  column("hour_sin", "ratio", "Sine of the UTC hour's place in the day.", byHour(HOUR_SIN)),
  column("hour_cos", "ratio", "Cosine of the UTC hour's place in the day.", byHour(HOUR_COS)),
  column("is_us_hours", "0/1", "1 from 13:00 to 20:59 UTC, when New York trades.", byHour(US_HOURS)),
  column(
    "is_asia_hours",
    "0/1",
    "1 from 00:00 to 07:59 UTC, when Tokyo and Hong Kong trade.",
    byHour(ASIA_HOURS),
  ),
];
