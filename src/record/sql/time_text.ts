/**
 * `timestamptz` as PostgreSQL writes it, read into integer microseconds and back, exactly. JavaScript's
 * `Date` holds milliseconds and drops the rest, so it appears nowhere on this path.
 *
 * Calendar arithmetic: Howard Hinnant, "chrono-compatible low-level date algorithms" (days_from_civil).
 */

import { fail } from "../../base/errors.ts";
import { type Micros, micros, US_PER_SEC } from "../../base/units.ts";

const SEC_PER_DAY = 86_400;
const DAYS_PER_ERA = 146_097;
/** Days from 0000-03-01 to 1970-01-01. */
const EPOCH_DAYS = 719_468;
const TEXT =
  /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-])(\d\d)(?::?(\d\d))?(?::?(\d\d))?$/;

/** Days since 1970-01-01 of a proleptic Gregorian date; years 0–9999. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const year_of_era = y - era * 400;
  const day_of_year = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const day_of_era = year_of_era * 365 + Math.floor(year_of_era / 4) - Math.floor(year_of_era / 100);
  return era * DAYS_PER_ERA + day_of_era + day_of_year - EPOCH_DAYS;
}

/** The date `days` after 1970-01-01, as "YYYY-MM-DD". */
function civilFromDays(days: number): string {
  const shifted = days + EPOCH_DAYS;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const doe = shifted - era * DAYS_PER_ERA;
  const yoe = Math.floor(
    (doe - Math.floor(doe / 1_460) + Math.floor(doe / 36_524) - Math.floor(doe / 146_096)) / 365,
  );
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const day = doy - Math.floor((153 * mp + 2) / 5) + 1;
  const month = mp < 10 ? mp + 3 : mp - 9;
  const year = yoe + era * 400 + (month <= 2 ? 1 : 0);
  return `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}`;
}

const digits = (value: number, width: number): string => String(value).padStart(width, "0");

/**
 * "2024-08-08 23:54:01.002003+00" → 1723161241002003. Any UTC offset is honoured.
 *
 * @throws ForetickError STORE_VALUE for "infinity", dates before 1970, BC, and what is no timestamptz.
 */
export function microsFromText(text: string): Micros {
  const part = TEXT.exec(text);
  if (!part) {
    return fail("STORE_VALUE", `timestamptz expected like "2024-08-08 23:54:01.002003+00", was "${text}"`);
  }
  const days = daysFromCivil(Number(part[1]), Number(part[2]), Number(part[3]));
  const offset = Number(part[9]) * 3_600 + Number(part[10] ?? 0) * 60 + Number(part[11] ?? 0);
  const of_day = Number(part[4]) * 3_600 + Number(part[5]) * 60 + Number(part[6]);
  const seconds = days * SEC_PER_DAY + of_day - (part[8] === "-" ? -offset : offset);
  return micros(seconds * US_PER_SEC + Number((part[7] ?? "").padEnd(6, "0")));
}

/** 1723161241002003 → "2024-08-08 23:54:01.002003+00". */
export function textFromMicros(time_us: Micros): string {
  const seconds = Math.floor(time_us / US_PER_SEC);
  const days = Math.floor(seconds / SEC_PER_DAY);
  const of_day = seconds - days * SEC_PER_DAY;
  const clock = [Math.floor(of_day / 3_600), Math.floor(of_day / 60) % 60, of_day % 60];
  const time = clock.map((field) => digits(field, 2)).join(":");
  return `${civilFromDays(days)} ${time}.${digits(time_us - seconds * US_PER_SEC, 6)}+00`;
}
