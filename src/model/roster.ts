/** The models of a symbol that have a role, as its next tick finds them. */

import type { ModelSlot } from "./model_slot.ts";

export interface Roster {
  readonly champion: ModelSlot;
  /** Scored after the champion: challenger, fallback, shadows. Read anew at every tick. */
  readonly beside: readonly ModelSlot[];
}
