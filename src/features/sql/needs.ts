/**
 * How far before the instants asked for each column is read, followed back from the outputs: a window's summands
 * further than the window itself, by as much as the window reaches.
 */

import type { CompiledSet } from "./stages.ts";
import type { Fragment, StageColumn } from "./text/fragment.ts";

export class Needs {
  /** What reads a column, and how far back from where it is itself read. */
  readonly #readers = new Map<StageColumn, { readonly by: StageColumn; readonly reach_s: number }[]>();
  readonly #known = new Map<StageColumn, number>();

  constructor(compiled: Pick<CompiledSet, "columns">) {
    for (const by of compiled.columns) {
      for (const [column, reach_s] of reachesOf(by.fragment)) {
        const readers = this.#readers.get(column) ?? [];
        this.#readers.set(column, [...readers, { by, reach_s }]);
      }
    }
  }

  /** Of a column (s). */
  of(column: StageColumn): number {
    const known = this.#known.get(column);
    if (known !== undefined) return known;
    const need_s = this.#readBeyond(column, column.stage);
    this.#known.set(column, need_s);
    return need_s;
  }

  /** Of a stage's rows: what later stages read of it and of what it carries (s). */
  ofStage(stage: number): number {
    const columns = [...this.#readers.keys()].filter((column) => column.stage <= stage);
    return Math.max(0, ...columns.map((column) => this.#readBeyond(column, stage)));
  }

  /** By readers of later stages than `stage`. */
  #readBeyond(column: StageColumn, stage: number): number {
    const readers = (this.#readers.get(column) ?? []).filter(({ by }) => by.stage > stage);
    return Math.max(0, ...readers.map(({ by, reach_s }) => this.of(by) + reach_s));
  }
}

/** The columns a fragment reads, each with how far back. */
function reachesOf({ reads, windows, series }: Fragment): Map<StageColumn, number> {
  const window_s = Math.max(0, ...[...windows.values()].map(({ reach_s }) => reach_s));
  const reaches = new Map<StageColumn, number>([...reads].map((column) => [column, window_s]));
  for (const use of series.values()) {
    const { column } = use.series;
    reaches.set(column, Math.max(use.reach_s, reaches.get(column) ?? 0));
  }
  return reaches;
}
