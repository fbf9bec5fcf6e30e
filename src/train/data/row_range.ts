/** Half-open range of row numbers. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

export const rowsOf = (range: RowRange): number => range.to - range.from;
