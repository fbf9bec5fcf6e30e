/**
 * Compiles feature sets for the live path (plan.ts): the distinct expressions of all sets, in an order in which
 * operands come first, each one step per second. An expression used twice is computed once. Rings are kept
 * only where a lag or a window looks back, as deep as it looks.
 */

import { COLUMN_INDEX } from "../algebra/columns.ts";
import { type Expr, exprText, operands } from "../algebra/expr.ts";
import { isNarrow } from "../algebra/operands.ts";
import { BlockQuantiles, type Fraction, rankOf } from "./block.ts";
import type { Instant } from "./instant.ts";
import { NumberRing, WideRing } from "./ring.ts";
import type { Slot, Slots, Step } from "./steps.ts";
import * as steps from "./steps.ts";
import * as windows from "./windows.ts";

type WindowExpr = Extract<Expr, { kind: "window" }>;
type Ring = NumberRing | WideRing;

/** `to_float` of a sum of narrow integers is computed from those directly (see `numberArith`). */
function liveOperands(expr: Expr): readonly Expr[] {
  if (expr.kind !== "to_float") return operands(expr);
  return roundsOnce(expr.of) ? [expr.of.a, expr.of.b] : [expr.of];
}

function roundsOnce(expr: Expr): expr is Extract<Expr, { kind: "arith" }> {
  return expr.kind === "arith" && !isNarrow(expr.type) && isNarrow(expr.a.type) && isNarrow(expr.b.type);
}

export class Compiler {
  readonly slots: Slots;
  readonly steps: Step[] = [];
  readonly blocks: BlockQuantiles[];
  readonly clock: { tick: number; instant: Instant };
  /** Distinct expressions by text, operands before what uses them. */
  readonly #distinct = new Map<string, Expr>();
  readonly #depths = new Map<string, number>();
  readonly #slot_of = new Map<string, Slot>();
  readonly #ring_of = new Map<string, Ring>();

  constructor(roots: readonly Expr[], instant: Instant) {
    this.clock = { tick: 0, instant };
    for (const root of roots) this.#collect(root);
    const size = this.#distinct.size;
    this.slots = {
      numbers: new Float64Array(size).fill(Number.NaN),
      wides: new Array<bigint | null>(size).fill(null),
    };
    this.blocks = blocksOf(this.#distinct.values());
    for (const [text, expr] of this.#distinct) this.#emit(text, expr);
  }

  slotOf(expr: Expr): Slot {
    return this.#slot_of.get(exprText(expr))!;
  }

  #collect(expr: Expr): void {
    const text = exprText(expr);
    if (this.#distinct.has(text)) return;
    for (const operand of liveOperands(expr)) this.#collect(operand);
    this.#distinct.set(text, expr);
    // A running window also reads the value that leaves it.
    if (expr.kind === "lag") this.#deepen(expr.of, expr.by_s);
    if (expr.kind === "window") this.#deepen(expr.of, expr.count * expr.step_s);
  }

  #deepen(of: Expr, depth: number): void {
    const text = exprText(of);
    this.#depths.set(text, Math.max(depth, this.#depths.get(text) ?? 0));
  }

  #emit(text: string, expr: Expr): void {
    const slot: Slot = { index: this.#slot_of.size, wide: !isNarrow(expr.type) };
    this.#slot_of.set(text, slot);
    const step = this.#stepFor(expr, slot);
    if (steps.isConstant(expr)) step();
    else this.steps.push(step);
    const depth = this.#depths.get(text);
    if (depth !== undefined) this.#keep(text, slot, depth);
  }

  #keep(text: string, slot: Slot, depth: number): void {
    const { clock, slots } = this;
    const { index } = slot;
    if (slot.wide) {
      const ring = new WideRing(depth);
      this.#ring_of.set(text, ring);
      this.steps.push(() => ring.set(clock.tick, slots.wides[index]!));
    } else {
      const ring = new NumberRing(depth);
      this.#ring_of.set(text, ring);
      this.steps.push(() => ring.set(clock.tick, slots.numbers[index]!));
    }
  }

  #stepFor(expr: Expr, to: Slot): Step {
    const { slots } = this;
    switch (expr.kind) {
      case "int":
      case "float":
        return this.#number(to, () => expr.literal);
      case "bar":
        return this.#column(COLUMN_INDEX[expr.column], to);
      case "now_us":
        return this.#number(to, () => this.clock.instant.t_sec * 1_000_000);
      case "by_hour":
        return this.#number(to, () => expr.table[hourOf(this.clock.instant.t_sec)]!);
      case "block_quantile":
        return this.#blockQuantile(expr, to);
      case "lag":
        return this.#lag(expr.of, expr.by_s, to);
      case "window":
        return to.wide ? this.#wideWindow(expr, to) : this.#numberWindow(expr, to);
      case "arith":
        return this.#arith(expr, to);
      case "div":
        return steps.divide(slots, this.slotOf(expr.a), this.slotOf(expr.b), to);
      case "floor_div":
        return steps.floorDivide(slots, this.slotOf(expr.of), expr.by, to);
      case "compare":
        return steps.compare(slots, expr.op, this.slotOf(expr.a), this.slotOf(expr.b), to);
      case "when": {
        const branches = [this.slotOf(expr.then), this.slotOf(expr.otherwise)] as const;
        return steps.choose(slots, this.slotOf(expr.condition), ...branches, to);
      }
      case "coalesce":
        return steps.firstKnown(slots, this.slotOf(expr.of), this.slotOf(expr.otherwise), to);
      case "to_float":
        return this.#toFloat(expr.of, to);
      case "lnr":
        return steps.logRatio(slots, this.slotOf(expr.a), this.slotOf(expr.b), to);
      case "sqrt":
        return steps.squareRoot(slots, this.slotOf(expr.of), to);
    }
  }

  #number(to: Slot, read: () => number): Step {
    const { numbers } = this.slots;
    return () => {
      numbers[to.index] = read();
    };
  }

  #column(column: number, to: Slot): Step {
    const { slots, clock } = this;
    if (!to.wide) return this.#number(to, () => clock.instant.numbers[column]!);
    return () => {
      slots.wides[to.index] = clock.instant.wides[column]!;
    };
  }

  #blockQuantile(expr: Extract<Expr, { kind: "block_quantile" }>, to: Slot): Step {
    const block = this.blocks.find((entry) => entry.block_s === expr.block_s)!;
    const index = block.fractions.findIndex(({ num, den }) => num === expr.num && den === expr.den);
    const { wides } = this.slots;
    return () => {
      wides[to.index] = block.current[index]!;
    };
  }

  #lag(of: Expr, by_s: number, to: Slot): Step {
    const { slots, clock } = this;
    const ring = this.#ringOf(of);
    if (ring instanceof NumberRing) return this.#number(to, () => ring.at(clock.tick - by_s));
    return () => {
      slots.wides[to.index] = ring.at(clock.tick - by_s);
    };
  }

  #arith(expr: Extract<Expr, { kind: "arith" }>, to: Slot): Step {
    const [a, b] = [this.slotOf(expr.a), this.slotOf(expr.b)];
    if (a.wide || b.wide || to.wide) return steps.wideArith(this.slots, expr.op, a, b, to);
    return steps.numberArith(this.slots, expr.op, a, b, to, expr.type.value === "int" ? "int" : "float");
  }

  #toFloat(of: Expr, to: Slot): Step {
    if (!roundsOnce(of)) return steps.toFloat(this.slots, this.slotOf(of), to);
    return steps.numberArith(this.slots, of.op, this.slotOf(of.a), this.slotOf(of.b), to, "int");
  }

  #ringOf(expr: Expr): Ring {
    return this.#ring_of.get(exprText(expr))!;
  }

  #numberWindow(expr: WindowExpr, to: Slot): Step {
    const { clock } = this;
    const compute = numberWindow(expr, this.#ringOf(expr.of) as NumberRing);
    return this.#number(to, () => compute(clock.tick));
  }

  #wideWindow(expr: WindowExpr, to: Slot): Step {
    const { clock, slots } = this;
    const { aggregate, count, step_s } = expr;
    const read = windows.wideReader(this.#ringOf(expr.of));
    const compute = wideWindow(aggregate, read, count, step_s);
    return () => {
      slots.wides[to.index] = compute(clock.tick);
    };
  }
}

function wideWindow(
  aggregate: WindowExpr["aggregate"],
  read: windows.WideWindow,
  count: number,
  step_s: number,
): windows.WideWindow {
  if (aggregate.op === "sum") return windows.runningWideSum(read, count, step_s);
  if (aggregate.op !== "quantile") {
    return windows.wideExtreme(read, count, step_s, aggregate.op === "max" ? 1 : -1);
  }
  return windows.wideRank(read, count, step_s, rankOf(count, aggregate.num, aggregate.den));
}

/** Chooses the algorithm: running where the result is exact, ranks only where the values are a second apart. */
function numberWindow(expr: WindowExpr, ring: NumberRing): windows.NumberWindow {
  const { aggregate, count, step_s } = expr;
  const dense = step_s === 1;
  switch (aggregate.op) {
    case "sum":
      return expr.type.value === "int"
        ? windows.runningSum(ring, count, step_s)
        : windows.orderedSum(ring, count, step_s);
    case "min":
      return dense
        ? windows.slidingExtreme(ring, count, -1)
        : windows.gatheredExtreme(ring, count, step_s, -1);
    case "max":
      return dense ? windows.slidingExtreme(ring, count, 1) : windows.gatheredExtreme(ring, count, step_s, 1);
    case "quantile": {
      const rank = rankOf(count, aggregate.num, aggregate.den);
      return dense ? windows.slidingRank(ring, count, rank) : windows.gatheredRank(ring, count, step_s, rank);
    }
    case "stddev":
      return windows.orderedStddev(ring, count, step_s);
    case "weighted":
      return windows.orderedWeighted(ring, aggregate.weights, step_s);
  }
}

function blocksOf(exprs: Iterable<Expr>): BlockQuantiles[] {
  const asked = new Map<number, Fraction[]>();
  for (const expr of exprs) {
    if (expr.kind !== "block_quantile") continue;
    const fractions = asked.get(expr.block_s) ?? [];
    asked.set(expr.block_s, [...fractions, { num: expr.num, den: expr.den }]);
  }
  return [...asked].map(([block_s, fractions]) => new BlockQuantiles(block_s, fractions));
}

/** UTC hour of an instant, 0 to 23; the second modulo keeps times before 1970 in range. */
const hourOf = (t_sec: number): number => ((Math.floor(t_sec / 3_600) % 24) + 24) % 24;
