/** A file of the journal, and a place in one. */

export interface Segment {
  readonly path: string;
  /** Its place among the segments of its table. */
  readonly order: number;
  /** What it holds; grows while it is the one written to (bytes). */
  bytes: number;
  /** Written by a version that kept all tables in one file: lines of other tables are passed over. */
  readonly shared: boolean;
  /** Its rows are in the database: removes the file, where no other table needs it. */
  readonly remove: () => Promise<void>;
}

export interface JournalPosition {
  readonly segment: Segment;
  /** The byte after the last one. */
  readonly end: number;
}

export const isBefore = (a: JournalPosition, b: JournalPosition): boolean =>
  a.segment.order < b.segment.order || (a.segment === b.segment && a.end < b.end);
