/** What an answer has where there may be nothing. */

import { z } from "zod";
import { isoOf, micros } from "../../base/units.ts";
import { instant } from "../describe/answers.ts";

export const isoOrNull = (time_us: number | null): string | null =>
  time_us === null ? null : isoOf(micros(time_us));
export const figure = z.number().nullable();
export const whenever = instant.nullable();
