/**
 * One closure per node: how the live path computes it, once a second, from its operands' slots. Floats,
 * booleans and integers proven to fit 2^53 live in a Float64Array (NaN is null, a boolean is 1 or 0); integers that
 * may pass it are numbers where they do not, and BigInts where they do.
 */

import { type Int64, minus, plus, times } from "../../base/units.ts";
import type { ArithOp, CompareOp, Expr } from "../algebra/expr.ts";
import { lnr } from "../algebra/lnr.ts";

/** Values of the current second. A slot of one array is not used in the other. */
export interface Slots {
  readonly numbers: Float64Array;
  readonly wides: (Int64 | null)[];
}

/** Where a node's value is. */
export interface Slot {
  readonly index: number;
  readonly wide: boolean;
}

export type Step = () => void;

export type ReadWide = () => Int64 | null;

function wideRead(slots: Slots, slot: Slot): ReadWide {
  const { index } = slot;
  if (slot.wide) return () => slots.wides[index]!;
  return () => {
    const value = slots.numbers[index]!;
    return Number.isNaN(value) ? null : value + 0;
  };
}

/**
 * a ∘ b in float64: for floats the operation itself; for integers within 2^53 whose result may pass it, the
 * exact result rounded once, since float64 arithmetic rounds the exact result.
 */
export function numberArith(
  slots: Slots,
  op: ArithOp,
  a: Slot,
  b: Slot,
  to: Slot,
  value: "int" | "float",
): Step {
  const { numbers } = slots;
  const [i, j, k] = [a.index, b.index, to.index];
  switch (op) {
    case "add":
      return () => {
        numbers[k] = numbers[i]! + numbers[j]!;
      };
    case "sub":
      return () => {
        numbers[k] = numbers[i]! - numbers[j]!;
      };
    case "mul":
      if (value === "float") {
        return () => {
          numbers[k] = numbers[i]! * numbers[j]!;
        };
      }
      // An integer has one zero; −2 × 0 in float64 would be −0.
      return () => {
        numbers[k] = numbers[i]! * numbers[j]! + 0;
      };
  }
}

const WIDE_ARITH: Record<ArithOp, (a: Int64, b: Int64) => Int64> = {
  add: plus,
  sub: minus,
  mul: times,
};

/** Exact; `to` may be narrow where the bound of the result is. */
export function wideArith(slots: Slots, op: ArithOp, a: Slot, b: Slot, to: Slot): Step {
  const [readA, readB, apply] = [wideRead(slots, a), wideRead(slots, b), WIDE_ARITH[op]];
  const write = wideWrite(slots, to);
  return () => {
    const left = readA();
    const right = readB();
    write(left === null || right === null ? null : apply(left, right));
  };
}

function wideWrite(slots: Slots, to: Slot): (value: Int64 | null) => void {
  const { index } = to;
  if (to.wide) {
    return (value) => {
      slots.wides[index] = value;
    };
  }
  return (value) => {
    slots.numbers[index] = value === null ? NaN : Number(value);
  };
}

export function divide(slots: Slots, a: Slot, b: Slot, to: Slot): Step {
  const { numbers } = slots;
  const [i, j, k] = [a.index, b.index, to.index];
  return () => {
    const divisor = numbers[j]!;
    numbers[k] = divisor === 0 ? NaN : numbers[i]! / divisor;
  };
}

export function floorDivide(slots: Slots, of: Slot, by: number, to: Slot): Step {
  const { numbers } = slots;
  if (!of.wide) {
    return () => {
      numbers[to.index] = floorQuotient(numbers[of.index]!, by);
    };
  }
  const [read, write, divisor] = [wideRead(slots, of), wideWrite(slots, to), BigInt(by)];
  return () => {
    const value = read();
    if (typeof value !== "bigint") return write(value === null ? null : floorQuotient(value, by));
    const remainder = value % divisor;
    write((value - (remainder < 0n ? remainder + divisor : remainder)) / divisor);
  };
}

/**
 * The remainder is exact, and taking it off moves towards zero, so the quotient is exact too; a float64 quotient alone
 * could round up, and going down to the floor first could leave the safe integers.
 */
function floorQuotient(value: number, by: number): number {
  const remainder = value % by;
  return (value - remainder) / by - (remainder < 0 ? 1 : 0);
}

export function toFloat(slots: Slots, of: Slot, to: Slot): Step {
  const { numbers, wides } = slots;
  if (!of.wide) {
    return () => {
      numbers[to.index] = numbers[of.index]!;
    };
  }
  return () => {
    const value = wides[of.index]!;
    numbers[to.index] = value === null ? NaN : Number(value);
  };
}

export function logRatio(slots: Slots, a: Slot, b: Slot, to: Slot): Step {
  const { numbers } = slots;
  const [i, j, k] = [a.index, b.index, to.index];
  if (!a.wide && !b.wide) {
    return () => {
      numbers[k] = lnr(numbers[i]!, numbers[j]!);
    };
  }
  const [readA, readB] = [wideRead(slots, a), wideRead(slots, b)];
  return () => {
    const left = readA();
    const right = readB();
    numbers[k] = left === null || right === null ? NaN : lnr(left, right);
  };
}

export function squareRoot(slots: Slots, of: Slot, to: Slot): Step {
  const { numbers } = slots;
  return () => {
    numbers[to.index] = Math.sqrt(numbers[of.index]!);
  };
}

/** JavaScript compares a number with a BigInt by their exact values, so mixed operands need no conversion. */
const COMPARE: Record<CompareOp, (a: Int64, b: Int64) => boolean> = {
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
  eq: (a, b) => a >= b && a <= b,
  ne: (a, b) => a < b || a > b,
};

export function compare(slots: Slots, op: CompareOp, a: Slot, b: Slot, to: Slot): Step {
  const { numbers, wides } = slots;
  const holds = COMPARE[op];
  const read = (slot: Slot): ReadWide =>
    slot.wide
      ? () => wides[slot.index]!
      : () => {
          const value = numbers[slot.index]!;
          return Number.isNaN(value) ? null : value;
        };
  const [readA, readB] = [read(a), read(b)];
  return () => {
    const left = readA();
    const right = readB();
    numbers[to.index] = left === null || right === null ? NaN : holds(left, right) ? 1 : 0;
  };
}

export function choose(slots: Slots, condition: Slot, then: Slot, otherwise: Slot, to: Slot): Step {
  const { numbers } = slots;
  if (!to.wide) {
    return () => {
      const holds = numbers[condition.index]!;
      if (holds === 1) numbers[to.index] = numbers[then.index]!;
      else numbers[to.index] = holds === 0 ? numbers[otherwise.index]! : NaN;
    };
  }
  const [readThen, readOtherwise] = [wideRead(slots, then), wideRead(slots, otherwise)];
  const write = wideWrite(slots, to);
  return () => {
    const holds = numbers[condition.index]!;
    if (holds === 1) write(readThen());
    else write(holds === 0 ? readOtherwise() : null);
  };
}

export function firstKnown(slots: Slots, of: Slot, otherwise: Slot, to: Slot): Step {
  const { numbers } = slots;
  if (!to.wide) {
    return () => {
      const value = numbers[of.index]!;
      numbers[to.index] = Number.isNaN(value) ? numbers[otherwise.index]! : value;
    };
  }
  const [read, readOtherwise, write] = [
    wideRead(slots, of),
    wideRead(slots, otherwise),
    wideWrite(slots, to),
  ];
  return () => write(read() ?? readOtherwise());
}

/** A node whose value never changes is written once. */
export const isConstant = (expr: Expr): boolean => expr.kind === "int" || expr.kind === "float";
