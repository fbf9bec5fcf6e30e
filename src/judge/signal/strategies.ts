/** Ways to trade on signals, as data: which signal opens a position, and how large. */

import type { Signal } from "./signal_of.ts";

/** What a strategy goes by. */
export type Acted = Pick<Signal, "direction" | "recommendation" | "position_multiplier">;

export interface Strategy {
  readonly name: string;
  /** For people. */
  readonly what: string;
  /** Usual stakes of the position the signal opens; 0 for none. */
  readonly stakes: (signal: Acted) => number;
}

/** 0 where it is to be avoided, 3 where it is strong. */
function strengthOf({ direction, recommendation }: Acted): number {
  if (direction === "HOLD" || recommendation === "AVOID") return 0;
  if (recommendation === direction) return 2;
  return recommendation.startsWith("STRONG") ? 3 : 1;
}

const from = (strength: number) => (signal: Acted) => (strengthOf(signal) >= strength ? 1 : 0);

export const STRATEGIES: readonly Strategy[] = [
  {
    name: "direction",
    what: "every BUY and SELL, also where it is to be avoided: what acting on direction alone costs",
    stakes: ({ direction }) => (direction === "HOLD" ? 0 : 1),
  },
  { name: "weak", what: "what is recommended at all", stakes: from(1) },
  { name: "plain", what: "what is recommended, without WEAK", stakes: from(2) },
  { name: "strong", what: "STRONG alone", stakes: from(3) },
  {
    name: "sized",
    what: "what is recommended at all, as large as its multiplier",
    stakes: (signal) => from(1)(signal) * signal.position_multiplier,
  },
];
