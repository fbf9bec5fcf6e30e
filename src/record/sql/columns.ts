/**
 * Column types the driver does not have: times as integer microseconds, int8 as exact numbers. What would
 * lose a bit on the way is refused, never rounded.
 */

import { customType } from "drizzle-orm/pg-core";
import { fail } from "../../base/errors.ts";
import { type Micros, narrowed, type QtyE8, qtyE8 } from "../../base/units.ts";
import { microsFromText, textFromMicros } from "./time_text.ts";

/** `timestamptz` ↔ microseconds since the epoch. "infinity" is refused. */
export const timestampUs = customType<{ data: Micros; driverData: string }>({
  dataType: () => "timestamp with time zone",
  fromDriver: microsFromText,
  toDriver: textFromMicros,
});

/**
 * An int8 as the driver delivers it, text, as a number.
 * @throws ForetickError STORE_VALUE beyond ±(2^53 − 1), where a number would be another one.
 */
export function exactNumber(value: string | number): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  return fail("STORE_VALUE", `int8 expected within ±(2^53 − 1), was ${value}`);
}

/**
 * A quantity as the driver delivers it, text.
 * @throws ForetickError UNIT_RANGE outside 0 to `QTY_E8_MAX`.
 */
export const exactQty = (value: string | number): QtyE8 =>
  qtyE8(typeof value === "number" ? value : narrowed(BigInt(value)));

/** `bigint` ↔ quantity, exact. */
export const qtyInt8 = customType<{ data: QtyE8; driverData: string | number }>({
  dataType: () => "bigint",
  fromDriver: exactQty,
  toDriver: String,
});

/** `bigint` ↔ number, exact; give the unit with `.$type<…>()`. */
export const exactInt8 = customType<{ data: number; driverData: string | number }>({
  dataType: () => "bigint",
  fromDriver: exactNumber,
  toDriver: String,
});
