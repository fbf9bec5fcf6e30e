/**
 * Keeps memory within its bound while the database is away: rows that are in the journal leave memory first. The
 * others wait for the disk up to a further bound, and are lost where the disk takes nothing.
 */

import type { Channel } from "../channel.ts";
import type { WriterCounters } from "../stats.ts";
import type { Losses } from "./losses.ts";

export interface OverflowOptions {
  readonly channels: readonly Channel[];
  readonly rows_max: number;
  /** Rows that may wait for a journal that works: a filled gap gives hundreds of thousands at once. */
  readonly burst_rows_max: number;
  readonly counters: WriterCounters;
  readonly losses: Losses;
  /** Whether rows of a channel cannot be journalled. */
  readonly refuses: (channel: Channel) => boolean;
  /** Asks for the unjournalled rows to be journalled. */
  readonly journal: () => void;
}

export class Overflow {
  readonly #options: OverflowOptions;

  constructor(options: OverflowOptions) {
    this.#options = options;
  }

  /** Rows in memory. */
  get rows(): number {
    return this.#options.channels.reduce((sum, { queue }) => sum + queue.rows, 0);
  }

  /** Everything that is in the journal leaves memory. */
  evictAll(): void {
    for (const channel of this.#options.channels) {
      channel.queue.seal();
      while (isJournalled(channel)) this.#evict(channel);
    }
  }

  relieve(): void {
    const { rows_max, burst_rows_max, journal, refuses } = this.#options;
    while (this.rows > rows_max) {
      const largest = this.#largest((channel) => isJournalled(channel));
      if (largest) {
        this.#evict(largest);
        continue;
      }
      const lossy = this.#largest((channel) => refuses(channel) || this.rows > burst_rows_max);
      if (!lossy) {
        journal();
        return;
      }
      this.#lose(lossy);
    }
  }

  #largest(suits: (channel: Channel) => boolean): Channel | undefined {
    let largest: Channel | undefined;
    for (const channel of this.#options.channels) {
      const { rows } = channel.queue;
      if (rows > 0 && rows > (largest?.queue.rows ?? 0) && suits(channel)) largest = channel;
    }
    return largest;
  }

  /** One that is being written is still read from; writing it a second time, from the journal, does nothing. */
  #evict({ queue, journal }: Channel): void {
    const batch = queue.sealed!;
    journal.evicted(batch.position!);
    queue.remove(batch, false);
    this.#options.counters.rows_spilled += batch.rows;
  }

  #lose({ queue, journal, table }: Channel): void {
    const { losses, counters } = this.#options;
    if (!queue.sealed) queue.seal();
    const batch = queue.sealed!;
    if (batch.position) journal.evicted(batch.position);
    losses.add(batch, batch.journalled);
    queue.remove(batch, false);
    counters.rows_spilled += batch.journalled;
    counters.lost[table] += batch.rows - batch.journalled;
  }
}

const isJournalled = ({ queue: { sealed } }: Channel): boolean =>
  sealed !== undefined && sealed.rows > 0 && sealed.journalled === sealed.rows;
