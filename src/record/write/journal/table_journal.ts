/**
 * The journal of one table: segments `<table>.NNNNNNNNNNNN.ndjson`, appended at the end, read from the front,
 * also by the next process. What is in it may be in memory as well (written ahead) or on disk only (the backlog).
 *
 * A segment is removed once all of it is in the database. One that was half settled when its process ended is
 * read again from its start: writing a row twice does nothing.
 */

import { join } from "node:path";
import type { Disk, DiskFile } from "../disk.ts";
import type { WriteBatch } from "../queue/batch.ts";
import type { WriteTable } from "../table.ts";
import { isBefore, type JournalPosition, type Segment } from "./segment.ts";
import { readRows } from "./segment_reader.ts";

export interface TableJournalOptions {
  readonly table: WriteTable;
  readonly directory: string;
  readonly disk: Disk;
  readonly segment_bytes_max: number;
  /** Left by an earlier process, oldest first. */
  readonly segments: readonly Omit<Segment, "order">[];
  /** The number the next file is named after. */
  readonly next_number: number;
  readonly onDamaged: (line: string) => void;
  /** A file that cannot be removed does no harm but take space. */
  readonly onLeftOver: (error: unknown) => void;
}

interface Open {
  readonly segment: Segment;
  readonly file: DiskFile;
  synced_bytes: number;
}

export class TableJournal {
  readonly #options: TableJournalOptions;
  /** Oldest first. */
  readonly #segments: Segment[];
  #number: number;
  /** Bytes of the oldest segment whose rows are in the database. */
  #settled_bytes = 0;
  /** What is before it is on disk only. */
  #evicted: JournalPosition | undefined;
  #open: Open | undefined;
  #head: WriteBatch | undefined;
  readonly #removals = new Set<Promise<void>>();
  /** Appends whose sync is still to come. */
  #unsynced = false;

  constructor(options: TableJournalOptions) {
    this.#options = options;
    this.#segments = options.segments.map((segment, order) => ({ ...segment, order }));
    this.#number = options.next_number;
    const last = this.#segments.at(-1);
    if (last) this.#evicted = { segment: last, end: last.bytes };
  }

  /** Bytes on disk whose rows are not known to be in the database. */
  get bytes(): number {
    const total = this.#segments.reduce((sum, { bytes, shared }) => (shared ? sum : sum + bytes), 0);
    return Math.max(0, total - (this.#segments[0]?.shared ? 0 : this.#settled_bytes));
  }

  /** Whether there are rows on disk that are not in memory. */
  get hasBacklog(): boolean {
    const [oldest] = this.#segments;
    if (!oldest || !this.#evicted) return false;
    return isBefore({ segment: oldest, end: this.#settled_bytes }, this.#evicted);
  }

  /**
   * Appends lines; on disk only after `sync`.
   * @throws ForetickError STORE_JOURNAL: what was appended since the last `sync` counts as not written.
   */
  async append(lines: Uint8Array): Promise<JournalPosition> {
    this.#unsynced = true;
    try {
      const { segment, file } = await this.#openSegment();
      await file.append(lines);
      segment.bytes += lines.length;
      return { segment, end: segment.bytes };
    } catch (error) {
      await this.#abandon();
      throw error;
    }
  }

  /** @throws ForetickError STORE_JOURNAL: what was appended since the last `sync` counts as not written. */
  async sync(): Promise<void> {
    const open = this.#open;
    if (!open) return;
    try {
      await open.file.sync();
      open.synced_bytes = open.segment.bytes;
      this.#unsynced = false;
    } catch (error) {
      // What a failed sync left in the file is unknown: it is not written to again.
      await this.#abandon();
      throw error;
    }
    if (open.segment.bytes >= this.#options.segment_bytes_max) await this.#seal();
    this.#tidy();
  }

  /** Writes lines to a file of their own, on disk when it returns. Blocks: for what comes after the writer has closed. */
  appendNow(lines: Uint8Array): void {
    const segment = this.#nextSegment();
    this.#options.disk.writeNow(segment.path, lines);
    segment.bytes = lines.length;
    this.#segments.push(segment);
    this.evicted({ segment, end: segment.bytes });
  }

  /** The rows up to `position` have left memory. */
  evicted(position: JournalPosition): void {
    if (!this.#evicted || isBefore(this.#evicted, position)) this.#evicted = position;
  }

  /**
   * The oldest rows of the backlog, which stay until they are settled; undefined where there are none.
   * @throws ForetickError STORE_JOURNAL.
   */
  async next(rows_max: number): Promise<WriteBatch | undefined> {
    while (!this.#head && this.hasBacklog) {
      const segment = this.#segments[0]!;
      const to = this.#evicted!.segment === segment ? this.#evicted!.end : segment.bytes;
      const from = this.#settled_bytes;
      if (from >= to) {
        this.#drop();
        continue;
      }
      const { disk, table, onDamaged } = this.#options;
      const { batch, end } = await readRows({ disk, table, segment, from, to, rows_max, onDamaged });
      const position = { segment, end };
      if (batch) {
        batch.position = position;
        batch.journalled = batch.rows;
        this.#head = batch;
      } else {
        this.settle(position);
      }
    }
    return this.#head;
  }

  /** The rows up to `position` are in the database, or set aside. */
  settle(position: JournalPosition): void {
    const [oldest] = this.#segments;
    if (!oldest || isBefore(position, { segment: oldest, end: this.#settled_bytes })) return;
    if (this.#head && !isBefore(position, this.#head.position!)) this.#head = undefined;
    while (this.#segments[0] && this.#segments[0].order < position.segment.order) this.#drop();
    if (this.#segments[0] === position.segment) this.#settled_bytes = position.end;
    this.#tidy();
  }

  async close(): Promise<void> {
    await this.#seal();
    this.#tidy();
    await Promise.all(this.#removals);
  }

  async #openSegment(): Promise<Open> {
    if (this.#open) return this.#open;
    const segment = this.#nextSegment();
    const file = await this.#options.disk.create(segment.path);
    this.#segments.push(segment);
    this.#open = { segment, file, synced_bytes: 0 };
    return this.#open;
  }

  #nextSegment(): Segment {
    const { directory, table, disk } = this.#options;
    const number = this.#number++;
    const path = join(directory, `${table.name}.${String(number).padStart(12, "0")}.ndjson`);
    const order = (this.#segments.at(-1)?.order ?? -1) + 1;
    return { path, order, bytes: 0, shared: false, remove: () => disk.remove(path) };
  }

  /** The open segment takes no more: half a line at its end would be read as the beginning of the next. */
  async #abandon(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    this.#unsynced = false;
    if (!open) return;
    open.segment.bytes = open.synced_bytes;
    this.#tidy();
    await open.file.truncate(open.synced_bytes).catch(() => {});
    await open.file.close().catch(() => {});
  }

  async #seal(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.file.close();
  }

  /** Removes what is settled as a whole. */
  #tidy(): void {
    for (;;) {
      const [oldest] = this.#segments;
      if (!oldest || this.#settled_bytes < oldest.bytes) return;
      if (this.#open?.segment === oldest) {
        if (this.#unsynced) return;
        const { file } = this.#open;
        this.#open = undefined;
        void file.close().catch(() => {});
      }
      this.#drop();
    }
  }

  #drop(): void {
    const segment = this.#segments.shift();
    this.#settled_bytes = 0;
    if (!segment) return;
    const removal = segment
      .remove()
      .catch(this.#options.onLeftOver)
      .finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }
}
