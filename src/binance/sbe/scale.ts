/**
 * From a decimal as the wire carries it, mantissa × 10^exponent, to the project's integers at 1e-8: exactly,
 * or not at all. Nothing is rounded; what is finer than 1e-8, negative, or beyond 2^53 − 1 (about 90 million
 * units) does not come through.
 */

import type { Int64 } from "./messages.ts";

/** Stands for "has no exact value at 1e-8"; no price or quantity is negative. */
export const NO_E8 = -1;

const E8_EXPONENT = -8;

/** The value at 1e-8, or `NO_E8`. */
export function toE8(mantissa: Int64, exponent: number): number {
  if (exponent === E8_EXPONENT && typeof mantissa === "number") return mantissa >= 0 ? mantissa : NO_E8;
  return rescale(BigInt(mantissa), exponent - E8_EXPONENT);
}

/** mantissa × 10^shift. */
function rescale(mantissa: bigint, shift: number): number {
  if (mantissa < 0n) return NO_E8;
  const power = 10n ** BigInt(Math.abs(shift));
  if (shift < 0 && mantissa % power !== 0n) return NO_E8;
  const value = Number(shift < 0 ? mantissa / power : mantissa * power);
  return Number.isSafeInteger(value) ? value : NO_E8;
}

/** A mantissa with its exponent as a person reads it, e.g. "5978655e-2". */
export const formatDecimal = (mantissa: Int64, exponent: number): string => `${mantissa}e${exponent}`;
