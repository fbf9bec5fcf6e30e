/** Which kinds of model are fitted where none was asked for: all on a week or less, the quick ones on more. */

import { MODEL_KINDS, type ModelKind } from "./trainable.ts";

export interface DefaultKinds {
  readonly kinds: readonly ModelKind[];
  /** Why not all, for people; undefined where it is all. */
  readonly sentence: string | undefined;
}

/** A week of seconds. All six kinds take three minutes on a day, on two cores; a month is thirty of those. */
const ROWS_MAX = 7 * 86_400;
const QUICK: readonly ModelKind[] = ["ridge", "mlp"];

export function defaultKinds(rows: number): DefaultKinds {
  if (rows <= ROWS_MAX) return { kinds: MODEL_KINDS, sentence: undefined };
  const sentence = `${QUICK.join(" and ")}: the other kinds take an hour or more on ${rows.toLocaleString("en")} rows; --model all fits them too`;
  return { kinds: QUICK, sentence };
}
