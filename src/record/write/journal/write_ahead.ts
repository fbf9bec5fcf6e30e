/**
 * Rows the database has not taken in time go to the journal ahead of it, in groups: encoded in slices, appended,
 * and synced once per table, all without blocking the event loop. From then on they survive any end of the
 * process; they stay in memory too and are written from there.
 */

import type { Clock } from "../../../base/clock.ts";
import type { ForetickError } from "../../../base/errors.ts";
import type { Logger } from "../../../base/log.ts";
import { type Micros, US_PER_MS } from "../../../base/units.ts";
import type { Channel } from "../channel.ts";
import { diskError } from "../disk.ts";
import type { WriteFailure } from "../insert/write_failure.ts";
import type { WriteBatch } from "../queue/batch.ts";
import type { JournalStats } from "../stats.ts";
import type { DiskSpace } from "./disk_space.ts";
import type { Journal } from "./journal.ts";
import { encodeLine } from "./line.ts";
import type { JournalPosition } from "./segment.ts";

/** Rows encoded at once; a thousand take about a millisecond. */
const LINE_ROWS_MAX = 1_000;
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 10_000;

export interface WriteAheadOptions {
  readonly journal: Journal;
  readonly space: DiskSpace;
  readonly clock: Clock;
  readonly log: Logger;
  /** Rows of `channel` were journalled. */
  readonly onJournalled: (channel: Channel) => void;
}

interface Mark {
  readonly batch: WriteBatch;
  readonly rows: number;
  readonly position: JournalPosition;
}

export class WriteAhead {
  readonly #options: WriteAheadOptions;
  /** Why rows of these are not journalled. */
  readonly #refused = new Map<Channel, string>();
  #turn: Promise<void> = Promise.resolve();
  #groups_waiting = 0;
  #fault: WriteFailure | undefined;
  #retry_ms = 0;
  #retry_at_us = 0;
  #groups = 0;
  #sync_ms = 0;
  #sync_ms_max = 0;

  constructor(options: WriteAheadOptions) {
    this.#options = options;
  }

  get running(): boolean {
    return this.#groups_waiting > 0;
  }

  get stats(): JournalStats {
    const { journal, space } = this.#options;
    return {
      bytes: journal.bytes,
      rejected_bytes: journal.rejected.bytes,
      lines_damaged: journal.damaged,
      disk: space.state(journal.bytes),
      disk_free_bytes: space.free_bytes,
      groups: this.#groups,
      sync_ms: this.#sync_ms,
      sync_ms_max: this.#sync_ms_max,
      fault: this.#fault,
    };
  }

  /** Whether the last group could not be written. */
  get failing(): boolean {
    return this.#fault !== undefined;
  }

  /** Whether rows of `channel` cannot be journalled: the disk does not work, or is full. */
  refuses(channel: Channel): boolean {
    return this.#fault !== undefined || this.#refused.has(channel);
  }

  /** Journals what is in memory of `channels`. Never rejects: a fault is in `stats`, and is tried again later. */
  group(channels: readonly Channel[]): Promise<void> {
    this.#groups_waiting++;
    this.#turn = this.#turn.then(async () => {
      if (this.#options.clock.monotonicUs() >= this.#retry_at_us) await this.#group(channels);
      this.#groups_waiting--;
    });
    return this.#turn;
  }

  /** A fault is not waited out by the next group: the last chance before the process ends. */
  hurry(): void {
    this.#retry_at_us = 0;
  }

  async #group(channels: readonly Channel[]): Promise<void> {
    const { space, clock } = this.#options;
    let failure: unknown;
    const written: { channel: Channel; marks: readonly Mark[] }[] = [];
    const held: WriteBatch[] = [];
    try {
      await space.look();
      for (const channel of channels) {
        if (channel.isJournalled || !this.#mayTake(channel)) continue;
        const marks = await this.#append(channel, held);
        if (marks.length > 0) written.push({ channel, marks });
      }
    } catch (error) {
      failure = error;
    }
    const started_us = clock.monotonicUs();
    await Promise.all(
      written.map(async ({ channel, marks }) => {
        try {
          await channel.journal.sync();
          this.#journalled(channel, marks);
        } catch (error) {
          failure ??= error;
        }
      }),
    );
    for (const batch of held) batch.held = false;
    if (failure !== undefined) this.#failed(diskError(failure));
    else if (written.length > 0) this.#succeeded(started_us);
  }

  /** `held` gets the batches that must stay what they are until the group is synced. */
  async #append({ queue, journal }: Channel, held: WriteBatch[]): Promise<Mark[]> {
    const marks: Mark[] = [];
    const batches = queue.batches.filter((batch) => batch.journalled < batch.rows);
    for (const batch of batches) batch.held = true;
    held.push(...batches);
    for (const batch of batches) {
      const rows = batch.rows;
      let position: JournalPosition | undefined;
      for (let from = batch.journalled; from < rows && !batch.settled; from += LINE_ROWS_MAX) {
        position = await journal.append(encodeLine(batch, from, Math.min(rows, from + LINE_ROWS_MAX)));
      }
      if (position) marks.push({ batch, rows, position });
    }
    return marks;
  }

  #journalled(channel: Channel, marks: readonly Mark[]): void {
    for (const { batch, rows, position } of marks) {
      // Written to the database meanwhile: what was appended of it is not needed.
      if (batch.settled) {
        channel.journal.settle(position);
        continue;
      }
      batch.journalled = rows;
      batch.position = position;
    }
    this.#options.onJournalled(channel);
  }

  #mayTake(channel: Channel): boolean {
    const { journal, space, log } = this.#options;
    const reason = space.refusal(channel.table, journal.bytes);
    const before = this.#refused.get(channel);
    if (reason === undefined) {
      this.#refused.delete(channel);
      return true;
    }
    this.#refused.set(channel, reason);
    if (before === undefined) {
      log.error(
        { table: channel.table, reason },
        "rows are no longer journalled: they wait in memory and are lost beyond its bound. Free space on the disk",
      );
    }
    return false;
  }

  #succeeded(started_us: number): void {
    const { clock, log } = this.#options;
    this.#groups++;
    this.#sync_ms = (clock.monotonicUs() - started_us) / US_PER_MS;
    this.#sync_ms_max = Math.max(this.#sync_ms_max, this.#sync_ms);
    this.#retry_ms = 0;
    if (!this.#fault) return;
    const away_ms = Math.round((clock.now() - this.#fault.since_us) / US_PER_MS);
    this.#fault = undefined;
    log.info({ away_ms }, "the journal is written again");
  }

  #failed({ code, message }: ForetickError): void {
    const { clock, log } = this.#options;
    if (!this.#fault) {
      log.error({ code, reason: message }, "the journal cannot be written: rows wait in memory only");
    }
    const since_us: Micros = this.#fault?.since_us ?? clock.now();
    this.#fault = { code, message, since_us };
    this.#retry_ms = Math.min(Math.max(this.#retry_ms * 2, RETRY_MS_MIN), RETRY_MS_MAX);
    this.#retry_at_us = clock.monotonicUs() + this.#retry_ms * US_PER_MS;
  }
}
