/**
 * One symbol's capture on its way to the disk. Records are put into a block in memory and are there when `reserve`
 * returns; blocks are compressed and appended in the background, one at a time. What waits is bounded: where the disk
 * is slow, full or broken, whole blocks are left out, counted, and a `gap` says so before what comes next, in a part of
 * its own.
 */

import { join } from "node:path";
import { promisify } from "node:util";
import { crc32, deflateRaw } from "node:zlib";
import type { Clock, Timer } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { US_PER_MS } from "../../base/units.ts";
import type { CaptureHeader } from "../../binance/capture/capture_read.ts";
import {
  BLOCK_HEAD_BYTES,
  BLOCK_TARGET_BYTES,
  CAPTURE_HEAD_BYTES,
  CAPTURE_TAPE,
  encodeBlockHead,
  encodePrelude,
} from "../../binance/capture/tape_format.ts";
import type { CaptureSink, GapRecord, PartRecord } from "../../predict/capture/input_log.ts";
import { KINDS, packed } from "../../predict/capture/records.ts";
import type { Disk, DiskFile } from "../write/disk.ts";
import { partName } from "./part_name.ts";

const deflated = promisify<Uint8Array, { level: number }, Buffer>(deflateRaw);
/** The quickest: a capture costs time all day, and disk for some days only. */
const LEVEL = 1;

export interface CaptureLogOptions {
  readonly directory: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Logger;
  readonly header: Omit<CaptureHeader, "part" | "begun_us">;
  /** Why nothing may be written now, as a sentence; undefined while it may. */
  readonly refusal: () => string | undefined;
  readonly part_bytes_max?: number;
  readonly queue_bytes_max?: number;
}

interface Block {
  readonly bytes: Uint8Array;
  readonly records: number;
  /** Set where it begins a part. */
  readonly part: number;
}

const HOUR_US = 3_600e6;
/** Between a gap and the next try (µs). */
const AGAIN_US = 1e6;

export class CaptureLog implements CaptureSink {
  bytes = new Uint8Array(BLOCK_TARGET_BYTES);
  view = new DataView(this.bytes.buffer);
  readonly stats = { records: 0, records_lost: 0, bytes_written: 0, parts: 0 };
  /** Why the disk takes nothing now; undefined while it does. */
  last_error: string | undefined;
  readonly #options: CaptureLogOptions;
  #at = 0;
  #records = 0;
  readonly #queue: Block[] = [];
  #queued_bytes = 0;
  #part = 1;
  #part_hour: number;
  #part_bytes = 0;
  /** Records left out since the last one that was kept. */
  #gap = 0;
  /** When it is tried again after a gap (monotonic µs). */
  #again_us = 0;
  #file: DiskFile | undefined;
  #file_part = 0;
  #synced_us = 0;
  #running: Promise<void> | undefined;
  #timer: Timer | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: CaptureLogOptions) {
    this.#options = options;
    this.#part_hour = this.#hour();
  }

  /** Bytes that wait for the disk. */
  get queued_bytes(): number {
    return this.#queued_bytes + this.#at;
  }

  /** The part being written: it is neither removed nor sent. */
  get open_part(): string {
    return partName(this.#options.header.run, this.#part);
  }

  reserve(kind: number, length: number): number {
    const needed = CAPTURE_HEAD_BYTES + length;
    if (this.#at + needed > this.bytes.length) this.#seal(needed);
    const at = this.#at;
    this.view.setUint8(at, kind);
    this.view.setUint32(at + 1, length, true);
    this.#at = at + needed;
    this.#records++;
    this.stats.records++;
    this.#timer ??= this.#options.clock.after(LIMITS.capture_seal_ms, () => {
      this.#timer = undefined;
      this.#seal();
    });
    return at + CAPTURE_HEAD_BYTES;
  }

  between(state: () => PartRecord): void {
    const { part_bytes_max = LIMITS.capture_part_bytes_max, clock } = this.#options;
    const lost = this.#gap;
    if (lost > 0) {
      if (this.#queue.length > 0 || clock.monotonicUs() < this.#again_us) return;
    } else if (this.#part_bytes < part_bytes_max && this.#hour() === this.#part_hour) return;
    this.#seal();
    this.#part++;
    this.#part_bytes = 0;
    this.#part_hour = this.#hour();
    if (lost > 0) {
      this.#json(KINDS.gap, { records: this.#gap, reason: this.last_error ?? "the disk was too slow" });
      this.#gap = 0;
    }
    this.#json(KINDS.part, state());
  }

  /** Writes what there is, in the time it has. May be called twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#timer?.cancel();
    this.#seal();
    const ended = (async () => {
      await this.#running;
      await this.#file?.sync();
      await this.#file?.close();
    })();
    const { clock, log } = this.#options;
    const limit = { clock, limit: "capture_close_ms" as const, what: "the end of the capture" };
    await withDeadline(ended, limit).catch((error: unknown) => {
      log.warn({ error: describeError(error) }, "the end of a capture is not on the disk");
    });
  }

  #hour(): number {
    return Math.floor(this.#options.clock.now() / HOUR_US);
  }

  #json(kind: number, value: GapRecord | PartRecord): void {
    const bytes = new TextEncoder().encode(packed(value));
    const at = this.reserve(kind, bytes.length);
    this.bytes.set(bytes, at);
  }

  /** Hands the block over, and begins another with room for `needed` bytes. */
  #seal(needed = 0): void {
    const { queue_bytes_max = LIMITS.capture_queue_bytes_max } = this.#options;
    if (this.#records > 0) {
      const block = { bytes: this.bytes.subarray(0, this.#at), records: this.#records, part: this.#part };
      // After a gap nothing is kept until a part begins: it could not be replayed.
      if (this.#gap > 0 || this.#queued_bytes + this.#at > queue_bytes_max) {
        this.#lose(this.#records);
      } else {
        this.#queue.push(block);
        this.#queued_bytes += this.#at;
        this.#part_bytes += this.#at;
        this.#running ??= this.#run();
      }
      this.bytes = new Uint8Array(Math.max(BLOCK_TARGET_BYTES, needed));
      this.view = new DataView(this.bytes.buffer);
      this.#at = 0;
      this.#records = 0;
    } else if (needed > this.bytes.length) {
      this.bytes = new Uint8Array(needed);
      this.view = new DataView(this.bytes.buffer);
    }
  }

  async #run(): Promise<void> {
    // Never over before it is known to be under way.
    await Promise.resolve();
    for (let block = this.#queue[0]; block; block = this.#queue[0]) {
      try {
        const refusal = this.#options.refusal();
        if (refusal !== undefined) throw new Error(refusal);
        await this.#write(block);
        this.last_error = undefined;
      } catch (error) {
        this.#leaveOut(block, describeError(error));
      }
      this.#queue.shift();
      this.#queued_bytes -= block.bytes.length;
    }
    this.#running = undefined;
  }

  #leaveOut({ records }: Block, reason: string): void {
    const { log, header } = this.#options;
    if (this.last_error === undefined)
      log.error({ symbol: header.symbol, reason }, "the capture leaves records out");
    this.last_error = reason;
    this.#lose(records);
    // What is in the file after a failed write is not known: the next block begins another part.
    void this.#file?.close().catch(() => undefined);
    this.#file = undefined;
  }

  #lose(records: number): void {
    if (this.#gap === 0) this.#again_us = this.#options.clock.monotonicUs() + AGAIN_US;
    this.#gap += records;
    this.stats.records_lost += records;
  }

  async #write({ bytes, records, part }: Block): Promise<void> {
    const stored = await deflated(bytes, { level: LEVEL });
    const head = encodeBlockHead({
      ...{ stored_bytes: stored.length, inflated_bytes: bytes.length, records },
      crc: crc32(stored),
    });
    if (part !== this.#file_part) await this.#begin(part);
    // Blocks of a part whose file could not be written on cannot be told apart from damage.
    if (!this.#file) throw new Error(`part ${part} could not be written on`);
    await this.#file.append(Buffer.concat([head, stored]));
    this.stats.bytes_written += BLOCK_HEAD_BYTES + stored.length;
    const now_us = this.#options.clock.monotonicUs();
    if (now_us - this.#synced_us < LIMITS.capture_sync_every_ms * US_PER_MS) return;
    this.#synced_us = now_us;
    await this.#file.sync();
  }

  async #begin(part: number): Promise<void> {
    const { directory, disk, header, clock } = this.#options;
    const before = this.#file;
    this.#file = undefined;
    this.#file_part = part;
    await before?.sync();
    await before?.close();
    const full: CaptureHeader = { ...header, part, begun_us: clock.now() };
    const text = new TextEncoder().encode(JSON.stringify(full));
    const file = await disk.create(join(directory, partName(header.run, part)));
    this.stats.parts++;
    await file.append(Buffer.concat([encodePrelude(true, text, CAPTURE_TAPE), text]));
    this.#file = file;
  }
}
