/**
 * Rows on disk, in `<data_dir>/journal`, one journal per table: opened with what earlier processes left
 * there, also those that kept all tables in one file (`NNNNNNNNNNNN.ndjson`).
 */

import { join } from "node:path";
import { describeError } from "../../../base/errors.ts";
import type { Logger } from "../../../base/log.ts";
import type { Disk, FoundFile } from "../disk.ts";
import { TABLE_NAMES, type TableName } from "../table.ts";
import { WRITE_TABLES } from "../tables.ts";
import { RejectedRows } from "./rejected_rows.ts";
import type { Segment } from "./segment.ts";
import { TableJournal } from "./table_journal.ts";

const SHARED_NAME = /^\d{12}\.ndjson$/;
const TABLE_NAME = /^([a-z_0-9]+)\.(\d{12})\.ndjson$/;

export interface JournalOptions {
  readonly directory: string;
  readonly disk: Disk;
  readonly segment_bytes_max: number;
  readonly rejected_bytes_max: number;
  readonly log: Logger;
}

type Found = Omit<Segment, "order">;

export class Journal {
  readonly tables: Readonly<Record<TableName, TableJournal>>;
  readonly rejected: RejectedRows;
  readonly #options: JournalOptions;
  #shared_bytes = 0;
  /** Lines that could not be read, by this process. */
  #damaged = 0;

  /** Makes the directory where it does not exist. Throws what the file system throws. */
  constructor(options: JournalOptions) {
    this.#options = options;
    const files = options.disk.list(options.directory);
    this.rejected = new RejectedRows(options.directory, options.rejected_bytes_max);
    const shared = files.filter(({ name }) => SHARED_NAME.test(name)).map((file) => this.#shared(file));
    this.tables = Object.fromEntries(
      TABLE_NAMES.map((table) => [table, this.#open(table, shared, files)]),
    ) as Record<TableName, TableJournal>;
  }

  get hasBacklog(): boolean {
    return TABLE_NAMES.some((table) => this.tables[table].hasBacklog);
  }

  /** Bytes on disk whose rows are not known to be in the database. */
  get bytes(): number {
    return TABLE_NAMES.reduce((sum, table) => sum + this.tables[table].bytes, this.#shared_bytes);
  }

  get damaged(): number {
    return this.#damaged;
  }

  async close(): Promise<void> {
    await Promise.all(TABLE_NAMES.map((table) => this.tables[table].close()));
  }

  #open(table: TableName, shared: readonly Found[], files: readonly FoundFile[]): TableJournal {
    const { directory, disk, segment_bytes_max } = this.#options;
    const own = files.filter(({ name }) => TABLE_NAME.exec(name)?.[1] === table);
    const segments = own.map(({ name, bytes }): Found => {
      const path = join(directory, name);
      return { path, bytes, shared: false, remove: () => disk.remove(path) };
    });
    return new TableJournal({
      table: WRITE_TABLES[table],
      ...{ directory, disk, segment_bytes_max },
      segments: [...shared.map((segment) => ({ ...segment })), ...segments],
      next_number: Number(TABLE_NAME.exec(own.at(-1)?.name ?? "")?.[2] ?? 0) + 1,
      onDamaged: (line) => this.#setAside(line),
      onLeftOver: (error) =>
        this.#options.log.warn(
          { reason: describeError(error) },
          "a journal file whose rows are stored could not be removed: it is read again at the next start",
        ),
    });
  }

  /** A file all tables read their lines of; it is removed when the last has. */
  #shared({ name, bytes }: FoundFile): Found {
    const path = join(this.#options.directory, name);
    this.#shared_bytes += bytes;
    let readers = TABLE_NAMES.length;
    const remove = async (): Promise<void> => {
      if (--readers > 0) return;
      this.#shared_bytes -= bytes;
      await this.#options.disk.remove(path);
    };
    return { path, bytes, shared: true, remove };
  }

  #setAside(line: string): void {
    this.#damaged++;
    // The last line of a process that was killed while it wrote; anything else is damage. Kept either way.
    const { log } = this.#options;
    log.error({ bytes: line.length }, "a journal line is torn or unknown: set aside in rejected.ndjson");
    try {
      this.rejected.add([{ table: "journal", error: "torn or unknown line", row: line }]);
    } catch (error) {
      log.error({ reason: describeError(error) }, "the line could not be set aside");
    }
  }
}
