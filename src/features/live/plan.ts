import type { FeatureSet } from "../sets/feature_set.ts";
import type { BlockQuantiles } from "./block.ts";
import { Compiler } from "./compile.ts";
import type { Instant } from "./instant.ts";
import type { Slots, Step } from "./steps.ts";

/** The compiled sets and their state. Fed one instant after the other, without a gap. */
export class LivePlan {
  /** Trade sizes go in here; one per block length the sets use. */
  readonly blocks: readonly BlockQuantiles[];
  readonly #slots: Slots;
  readonly #clock: { tick: number; instant: Instant };
  readonly #steps: readonly Step[];
  /** A set's columns, as indexes into the slots. */
  readonly #outputs: readonly Int32Array[];

  constructor(sets: readonly FeatureSet[], instant: Instant) {
    const roots = sets.map((set) => set.columns.map((column) => column.expr));
    const compiler = new Compiler(roots.flat(), instant);
    this.blocks = compiler.blocks;
    this.#slots = compiler.slots;
    this.#clock = compiler.clock;
    this.#steps = compiler.steps;
    this.#outputs = roots.map((exprs) => Int32Array.from(exprs, (expr) => compiler.slotOf(expr).index));
  }

  /** Computes everything as of the instant the plan was given, which must have moved on by one second. */
  advance(): void {
    this.#clock.tick += 1;
    for (const step of this.#steps) step();
  }

  /** The values of set number `set`, a fresh array; NaN is null, and so is whatever overflowed. */
  values(set: number): Float64Array {
    const indexes = this.#outputs[set]!;
    const { numbers } = this.#slots;
    const values = new Float64Array(indexes.length);
    for (let column = 0; column < indexes.length; column += 1) {
      const value = numbers[indexes[column]!]!;
      values[column] = Number.isFinite(value) ? value : Number.NaN;
    }
    return values;
  }
}
