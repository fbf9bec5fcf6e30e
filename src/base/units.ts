/**
 * Units that must not be confused. A brand costs nothing at run time; the constructors below are the only
 * casts in the project and check the range, so a branded value can be trusted wherever it goes.
 *
 * All market numbers are integers: times in microseconds, prices and quantities at 1e-8 ("e8").
 * They are JavaScript numbers, exact up to 2^53 − 1; what does not fit is refused where it enters. Quantities go on
 * to the end of int8, as BigInts: of a token worth a thousandth of a cent more than 90 million change hands at once.
 */

import { fail } from "./errors.ts";

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** Microseconds since the Unix epoch; the exchange's clock unless the name says `received`. */
export type Micros = Branded<number, "micros">;
/** A price in quote units × 1e8. */
export type PriceE8 = Branded<number, "price_e8">;
/** An exact int64: a number where it fits 2^53 − 1, a bigint only past that, so that `===` compares. */
export type Int64 = number | bigint;
/** A quantity in base units × 1e8. */
export type QtyE8 = Branded<number, "qty_e8"> | Branded<bigint, "qty_e8">;
/** A trade's id: per symbol, consecutive. */
export type TradeId = Branded<number, "trade_id">;
/** An order-book update id: per symbol, increasing. */
export type UpdateId = Branded<number, "update_id">;
/** Whole seconds since the Unix epoch. */
export type UnixSec = Branded<number, "unix_sec">;
/** sha256 (hex) of a feature set's canonical text. */
export type SetHash = Branded<string, "set_hash">;
/** Name of a model bundle's version, the name of its folder. */
export type ModelVersion = Branded<string, "model_version">;

export const US_PER_SEC = 1_000_000;
export const US_PER_MS = 1_000;
/** A UTC day (µs). */
export const DAY_US = 86_400 * US_PER_SEC;
export const E8 = 100_000_000;
/** Largest quantity. One below the end of int8, which stands for null where SQL looks for the largest. */
export const QTY_E8_MAX = 2n ** 63n - 2n;

function natural(field: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  return fail("UNIT_RANGE", `${field} expected an integer from 0 to 2^53 − 1, was ${value}`);
}

export const micros = (value: number): Micros => natural("time in µs", value) as Micros;
export const priceE8 = (value: number): PriceE8 => natural("price_e8", value) as PriceE8;
export function qtyE8(value: Int64): QtyE8 {
  if (typeof value === "number") return natural("qty_e8", value) as QtyE8;
  if (value < 0n || value > QTY_E8_MAX) {
    return fail("UNIT_RANGE", `qty_e8 expected an integer from 0 to ${QTY_E8_MAX}, was ${value}`);
  }
  return narrowed(value) as QtyE8;
}
export const tradeId = (value: number): TradeId => natural("trade_id", value) as TradeId;
export const updateId = (value: number): UpdateId => natural("update_id", value) as UpdateId;
export const unixSec = (value: number): UnixSec => natural("ts_sec", value) as UnixSec;

export function setHash(value: string): SetHash {
  if (/^[0-9a-f]{64}$/.test(value)) return value as SetHash;
  return fail("UNIT_RANGE", `set_hash expected 64 hex digits, was ${JSON.stringify(value)}`);
}

export function modelVersion(value: string): ModelVersion {
  if (/^[a-z0-9][a-z0-9._/-]{0,99}$/.test(value)) return value as ModelVersion;
  return fail(
    "UNIT_RANGE",
    `model_version expected lower-case letters, digits, . _ - /, was ${JSON.stringify(value)}`,
  );
}

/** The same integer, as a number where one holds it. */
export function narrowed(value: bigint): Int64 {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** a + b, exact. */
export function added(a: Int64, b: Int64): Int64 {
  const sum = plus(a, b);
  return typeof sum === "number" ? sum : narrowed(sum);
}

// Exact arithmetic. What float64 gives past 2^53 − 1 may be rounded, but never to something at or below it: where the
// result is a safe integer it is exact. A BigInt stays one, small or not: finding out which costs more than it saves.

export function plus(a: Int64, b: Int64): Int64 {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return wide(a) + wide(b);
}

export function minus(a: Int64, b: Int64): Int64 {
  if (typeof a === "number" && typeof b === "number") {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return wide(a) - wide(b);
}

export function times(a: Int64, b: Int64): Int64 {
  if (typeof a === "number" && typeof b === "number") {
    const product = a * b;
    // An integer has one zero; −2 × 0 in float64 would be −0.
    if (Number.isSafeInteger(product)) return product + 0;
  }
  return wide(a) * wide(b);
}

const wide = (value: Int64): bigint => (typeof value === "bigint" ? value : BigInt(value));

/** The second whose half-open interval [s, s+1) holds `time`. */
export const secondOf = (time: Micros): UnixSec => Math.floor(time / US_PER_SEC) as UnixSec;
/** The first microsecond of second `sec`. */
export const startOf = (sec: number): Micros => (sec * US_PER_SEC) as Micros;
/** ISO 8601 in UTC, to the millisecond. */
export const isoOf = (time_us: number): string => new Date(time_us / US_PER_MS).toISOString();

/**
 * A decimal string such as "61837.63000000" as an integer at 1e-8, exactly, by string operations: no float
 * is ever parsed. Digits beyond the eighth must be zero.
 *
 * @throws ForetickError UNIT_RANGE where the text is no decimal, is finer than 1e-8, or exceeds 2^53 − 1.
 */
export function parseE8(field: string, text: string): number {
  const digits = digitsE8(field, text);
  const value = Number(digits);
  if (!Number.isSafeInteger(value)) {
    return fail("UNIT_RANGE", `${field} expected at most 90071992.54740991, was ${JSON.stringify(text)}`);
  }
  return value;
}

/**
 * As `parseE8`, of a quantity.
 *
 * @throws ForetickError UNIT_RANGE where the text is no decimal, is finer than 1e-8, negative, or exceeds `QTY_E8_MAX`.
 */
export function parseQtyE8(field: string, text: string): QtyE8 {
  const digits = digitsE8(field, text);
  const value = Number(digits);
  return qtyE8(Number.isSafeInteger(value) ? value : BigInt(digits));
}

/** The decimal's digits at 1e-8. */
function digitsE8(field: string, text: string): string {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text);
  const fraction = match?.[3] ?? "";
  if (!match || (fraction.length > 8 && /[1-9]/.test(fraction.slice(8)))) {
    return fail(
      "UNIT_RANGE",
      `${field} expected a decimal with at most 8 places, was ${JSON.stringify(text)}`,
    );
  }
  return match[1]! + match[2]! + fraction.slice(0, 8).padEnd(8, "0");
}

/** An integer at 1e-8 as the exchange writes it: always eight places, e.g. "61837.63000000". */
export function formatE8(value: Int64): string {
  const sign = value < 0 ? "-" : "";
  const digits = value.toString().slice(sign.length).padStart(9, "0");
  return `${sign}${digits.slice(0, -8)}.${digits.slice(-8)}`;
}
