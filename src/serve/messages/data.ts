/** The JSON of `/data/days`. */

import { z } from "zod";
import { type Micros, US_PER_SEC } from "../../base/units.ts";
import type { StoredDay } from "../../record/bars/stored_days.ts";
import { whole } from "../describe/answers.ts";

const HOUR_S = 3_600;

const hourSchema = z
  .strictObject({
    hour: whole.meta({ description: "0 to 23, UTC." }),
    seconds: whole.meta({ description: "How many of it have passed: 3600 once it is over." }),
    trades: whole,
    trade_seconds: whole.meta({ description: "Seconds with a trade." }),
    quotes: whole,
    quote_seconds: whole.meta({ description: "Seconds with a change of the best bid or ask." }),
  })
  .meta({ id: "StoredHour" });

const daySchema = z
  .strictObject({
    day: z.iso.date().meta({ description: "UTC." }),
    hours: z.array(hourSchema).meta({ description: "Those that have begun, in order, empty ones too." }),
    breaks: whole.meta({ description: "Where the stream stopped, by where it did." }),
    breaks_open: whole.meta({ description: "Of them: whose trades have not been fetched yet, and can be." }),
    raw_dropped: z.boolean().meta({ description: "Retention has deleted raw rows of it: bars are left." }),
    from_archive: z.boolean().meta({ description: "Its trades were loaded as a whole day." }),
  })
  .meta({ id: "StoredDay" });

/** Answer of `/data/days`. */
export const storedDaysSchema = z
  .strictObject({ symbol: z.string(), days: z.array(daySchema).meta({ description: "Newest first." }) })
  .meta({ id: "StoredDays" });
export type StoredDaysJson = z.output<typeof storedDaysSchema>;
export type StoredDayJson = StoredDaysJson["days"][number];

/** @param now_us the wall clock: what has not begun yet is no gap. */
export function storedDayJson({ day_us, hours, ...marks }: StoredDay, now_us: Micros): StoredDayJson {
  const passed_s = Math.max(0, Math.floor((now_us - day_us) / US_PER_SEC));
  const begun = Math.min(24, Math.ceil(passed_s / HOUR_S));
  const NOTHING = { trades: 0, trade_seconds: 0, quotes: 0, quote_seconds: 0 };
  return {
    day: new Date(day_us / 1_000).toISOString().slice(0, 10),
    hours: Array.from({ length: begun }, (_, hour) => ({
      ...NOTHING,
      ...hours.find((one) => one.hour === hour),
      ...{ hour, seconds: Math.min(HOUR_S, passed_s - hour * HOUR_S) },
    })),
    ...marks,
  };
}
