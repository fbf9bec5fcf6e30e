/**
 * From a decimal as the wire carries it, mantissa × 10^exponent, to the project's integers at 1e-8: exactly,
 * or not at all. Nothing is rounded; what is finer than 1e-8 or negative does not come through, nor a price beyond
 * 2^53 − 1 (about 90 million), nor a quantity beyond int8 (about 92 billion).
 */

import { type Int64, narrowed, QTY_E8_MAX } from "../../base/units.ts";

/** Means "has no exact value at 1e-8"; no price or quantity is negative. */
export const NO_E8 = -1;

const E8_EXPONENT = -8;

/** A price at 1e-8, or `NO_E8`. */
export function toE8(mantissa: Int64, exponent: number): number {
  if (exponent === E8_EXPONENT && typeof mantissa === "number") return mantissa >= 0 ? mantissa : NO_E8;
  const value = rescale(BigInt(mantissa), exponent - E8_EXPONENT);
  return typeof value === "number" ? value : NO_E8;
}

/** A quantity at 1e-8, or `NO_E8`. */
export function toQtyE8(mantissa: Int64, exponent: number): Int64 {
  if (exponent === E8_EXPONENT && typeof mantissa === "number") return mantissa >= 0 ? mantissa : NO_E8;
  return rescale(BigInt(mantissa), exponent - E8_EXPONENT);
}

/** mantissa × 10^shift. */
function rescale(mantissa: bigint, shift: number): Int64 {
  if (mantissa < 0n) return NO_E8;
  const power = 10n ** BigInt(Math.abs(shift));
  if (shift < 0 && mantissa % power !== 0n) return NO_E8;
  const value = shift < 0 ? mantissa / power : mantissa * power;
  return value > QTY_E8_MAX ? NO_E8 : narrowed(value);
}

/** A mantissa with its exponent as a person reads it, e.g. "5978655e-2". */
export const formatDecimal = (mantissa: Int64, exponent: number): string => `${mantissa}e${exponent}`;
