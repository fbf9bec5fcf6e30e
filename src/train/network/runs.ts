/** Row numbers that follow each other are read in one go, which is what a dataset in files is quick at. */

export interface Run {
  /** Where the run begins, counted from the first row asked for. */
  readonly at: number;
  /** Its first row number, and how many follow each other. */
  readonly first: number;
  readonly length: number;
}

export function* runsOf(rows: Uint32Array, from: number, to: number): Generator<Run> {
  for (let index = from; index < to; ) {
    const begin = index++;
    while (index < to && rows[index] === rows[index - 1]! + 1) index++;
    yield { at: begin - from, first: rows[begin]!, length: index - begin };
  }
}
