/** How much room the journal has, and which rows it still takes: bulk rows leave a reserve to the small ones. */

import type { Clock } from "../../../base/clock.ts";
import { US_PER_MS } from "../../../base/units.ts";
import type { Disk } from "../disk.ts";
import type { TableName } from "../table.ts";

export interface SpaceLimits {
  /** Free space below which the service warns (bytes). */
  readonly free_low_bytes: number;
  /** Free space below which bulk rows are no longer journalled, nor any below an eighth of it (bytes). */
  readonly free_min_bytes: number;
  /** Bytes the journal may hold; the last sixteenth is kept for small rows. */
  readonly journal_bytes_max: number;
}

export type SpaceState = "ok" | "low" | "full";

/** Most of the volume. What is left of it can be fetched or computed again, or is small. */
const BULK: ReadonlySet<TableName> = new Set<TableName>(["trades", "quotes", "book_1s"]);
const LOOK_EVERY_MS = 1_000;
const MIB = 1 << 20;

export class DiskSpace {
  readonly #directory: string;
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #limits: SpaceLimits;
  #free_bytes: number | undefined;
  #looked_us = Number.NEGATIVE_INFINITY;

  constructor(directory: string, disk: Disk, clock: Clock, limits: SpaceLimits) {
    this.#directory = directory;
    this.#disk = disk;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** As last seen; undefined before the first look. */
  get free_bytes(): number | undefined {
    return this.#free_bytes;
  }

  /** Asks the disk, at most once a second. @throws ForetickError STORE_JOURNAL. */
  async look(): Promise<void> {
    const now_us = this.#clock.monotonicUs();
    if (now_us - this.#looked_us < LOOK_EVERY_MS * US_PER_MS) return;
    this.#looked_us = now_us;
    this.#free_bytes = await this.#disk.freeBytes(this.#directory);
  }

  state(journal_bytes: number): SpaceState {
    if (this.refusal("trades", journal_bytes) !== undefined) return "full";
    return (this.#free_bytes ?? Number.POSITIVE_INFINITY) < this.#limits.free_low_bytes ? "low" : "ok";
  }

  /** Why no further rows of `table` are taken; undefined while they are. */
  refusal(table: TableName, journal_bytes: number): string | undefined {
    const { free_min_bytes, journal_bytes_max } = this.#limits;
    const bulk = BULK.has(table);
    const needed = bulk ? free_min_bytes : free_min_bytes / 8;
    const free = this.#free_bytes ?? Number.POSITIVE_INFINITY;
    if (free < needed) return `free space on the disk expected above ${mib(needed)}, was ${mib(free)}`;
    const allowed = bulk ? journal_bytes_max * (15 / 16) : journal_bytes_max;
    if (journal_bytes < allowed) return undefined;
    return `the journal expected below ${mib(allowed)}, was ${mib(journal_bytes)}`;
  }
}

const mib = (bytes: number): string => `${Math.round((bytes / MIB) * 10) / 10} MiB`;
