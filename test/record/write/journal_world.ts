/** A journal on a disk that may fail, and batches whose rows are told apart by their times. */

import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import { systemClock as clock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import type { Cell } from "../../../src/record/sql/array_literal.ts";
import { limitedDisk } from "../../../src/record/write/disk.ts";
import { Journal } from "../../../src/record/write/journal/journal.ts";
import { encodeLine } from "../../../src/record/write/journal/line.ts";
import type { JournalPosition } from "../../../src/record/write/journal/segment.ts";
import type { TableJournal } from "../../../src/record/write/journal/table_journal.ts";
import { WriteBatch } from "../../../src/record/write/queue/batch.ts";
import type { TableName } from "../../../src/record/write/table.ts";
import { WRITE_TABLES } from "../../../src/record/write/tables.ts";
import { tempDir } from "../server/temp_dir.ts";
import { FaultyDisk } from "./faulty_disk.ts";

/** Rows told apart by their times; the first text column has what a careless reader of lines would split at. */
export function batchOf(table: TableName, ...ids: number[]): WriteBatch {
  const batch = new WriteBatch(WRITE_TABLES[table]);
  for (const id of ids) {
    for (const [i, { kind }] of batch.table.columns.entries()) {
      const cell: Record<typeof kind, Cell> = {
        ...{ text: `S${id}\u2028\n"`, us: id, int8: id, int4: id, bool: id % 2 === 0, floats: `{${id}}` },
        numerics: `{${id}}`,
        float8: id === 3 ? -0 : id / 7,
      };
      batch.columns[i]![batch.rows] = cell[kind];
    }
    batch.rows++;
  }
  return batch;
}

/** The ids of a batch, which are its times. */
export function idsOf(batch: WriteBatch): Cell[] {
  const column = batch.table.columns.findIndex(({ name }) => name === "ts");
  return batch.columns[column]!.slice(0, batch.rows);
}

export const lineOf = (batch: WriteBatch): Buffer => encodeLine(batch, 0, batch.rows);

/** Rows that are on disk only, as when memory was full. */
export async function spill(journal: TableJournal, batch: WriteBatch): Promise<JournalPosition> {
  const position = await journal.append(lineOf(batch));
  await journal.sync();
  journal.evicted(position);
  return position;
}

/** Reads everything, as a writer does: the ids, batch by batch. */
export async function readAll(journal: TableJournal, rows_max = 1): Promise<Cell[][]> {
  const all: Cell[][] = [];
  for (let batch = await journal.next(rows_max); batch; batch = await journal.next(rows_max)) {
    all.push(idsOf(batch));
    journal.settle(batch.position!);
  }
  return all;
}

export interface JournalWorld {
  readonly directory: string;
  /** The tests' own, which may be made to fail. */
  disk: FaultyDisk;
  open(segment_bytes_max?: number): Journal;
  segments(): string[];
  gone(): Promise<void>;
}

/** A directory and a disk for each test. */
export function journalWorld(): JournalWorld {
  let directory = "";
  let disk = new FaultyDisk();
  const open = (segment_bytes_max = 1 << 20): Journal =>
    new Journal({
      directory,
      disk: limitedDisk(disk, { clock, timeout_ms: 5_000 }),
      segment_bytes_max,
      rejected_bytes_max: 2_000,
      log,
    });
  const segments = (): string[] => readdirSync(directory).filter((name) => /\d{12}\.ndjson$/.test(name));
  const gone = async (): Promise<void> => {
    for (let i = 0; i < 200 && segments().length > 0; i++) await new Promise((done) => setTimeout(done, 5));
    expect(segments()).toEqual([]);
  };
  beforeEach(() => {
    directory = join(tempDir(), "journal");
    disk = new FaultyDisk();
  });
  afterEach(() => rmSync(join(directory, ".."), { recursive: true, force: true }));

  return {
    get directory() {
      return directory;
    },
    get disk() {
      return disk;
    },
    set disk(other) {
      disk = other;
    },
    ...{ open, segments, gone },
  };
}
