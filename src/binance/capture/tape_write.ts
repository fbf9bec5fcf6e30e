/**
 * Writing a tape from any market source. The file appears under its name only when it is whole: until then
 * it is `<path>.partial`, and an interrupted run leaves nothing under the name asked for.
 */

import { closeSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { crc32, deflateRawSync } from "node:zlib";
import { assert, fail } from "../../base/errors.ts";
import { nextTurn } from "../../base/turns.ts";
import { encodeMessage } from "../sbe/encode.ts";
import type { SbeMessage } from "../sbe/messages.ts";
import type { MarketSource, SourceMessage } from "./market_source.ts";
import {
  BLOCK_HEAD_BYTES,
  BLOCK_TARGET_BYTES,
  encodeBlockHead,
  encodePrelude,
  PRELUDE_BYTES,
  RECORD_HEAD_BYTES,
  type TapeCounts,
  type TapeHeader,
} from "./tape_format.ts";

export interface TapeOptions {
  /** Stop before the first message this many seconds after the source's start. Needed for a source without end. */
  readonly seconds?: number;
  /** Default true. */
  readonly deflate?: boolean;
  /** Called once per block, at most a few times a second of market time. */
  readonly on_progress?: (progress: { readonly frames: number; readonly at_us: number }) => void;
}

/** @throws ForetickError TAPE_INVALID where the source holds no message or the file cannot be written. */
export async function writeTape(
  path: string,
  source: MarketSource,
  options: TapeOptions = {},
): Promise<TapeHeader> {
  const partial = `${path}.partial`;
  const writer = new TapeWriter(partial, source, options.deflate ?? true);
  const messages = source.messages();
  const end_us = source.start_us + (options.seconds ?? Number.POSITIVE_INFINITY) * 1e6;
  try {
    for (let next = messages.next(); !next.done && next.value.at_us < end_us; next = messages.next()) {
      if (!writer.append(next.value)) continue;
      options.on_progress?.({ frames: writer.counts.frames, at_us: next.value.at_us });
      // A long tape must leave room for Ctrl-C.
      await nextTurn();
    }
    const header = writer.finish();
    renameSync(partial, path);
    return header;
  } catch (error) {
    writer.abandon();
    throw error;
  } finally {
    messages.return?.();
  }
}

class TapeWriter {
  readonly counts = { frames: 0, trades: 0, quotes: 0, depth_diffs: 0, depth_snapshots: 0 };
  readonly #path: string;
  readonly #source: MarketSource;
  readonly #deflate: boolean;
  readonly #file: number;
  readonly #header_bytes: number;
  #open = true;
  #records: Uint8Array[] = [];
  #records_bytes = 0;
  #offset: number;
  #start_us = 0;
  #end_us = 0;

  constructor(path: string, source: MarketSource, deflate: boolean) {
    this.#path = path;
    this.#source = source;
    this.#deflate = deflate;
    this.#file = openForWriting(path);
    // The header is written last, when the counts are known: its room is what the widest counts would take.
    this.#header_bytes = headerBytes(this.#header(Number.MAX_SAFE_INTEGER, WIDEST_COUNTS)).length;
    this.#offset = PRELUDE_BYTES + this.#header_bytes;
  }

  /** true where a block was written. */
  append(entry: SourceMessage): boolean {
    if (this.counts.frames === 0) this.#start_us = entry.at_us;
    this.#end_us = entry.at_us;
    this.#count(entry.message);
    const frame = entry.frame ?? encodeMessage(entry.message);
    const record = new Uint8Array(RECORD_HEAD_BYTES + frame.length);
    const view = new DataView(record.buffer);
    view.setBigInt64(0, BigInt(entry.at_us), true);
    view.setUint32(8, frame.length, true);
    record.set(frame, RECORD_HEAD_BYTES);
    this.#records.push(record);
    this.#records_bytes += record.length;
    if (this.#records_bytes < BLOCK_TARGET_BYTES) return false;
    this.#writeBlock();
    return true;
  }

  finish(): TapeHeader {
    if (this.counts.frames === 0) {
      fail("TAPE_INVALID", `${this.#path}: expected at least one message to write, was none`);
    }
    if (this.#records.length > 0) this.#writeBlock();
    const header = this.#header(this.#end_us, this.counts);
    const bytes = headerBytes(header);
    assert(bytes.length <= this.#header_bytes, "a tape's header fits the room left for it");
    const padded = new Uint8Array(this.#header_bytes).fill(0x20);
    padded.set(bytes);
    this.#write(encodePrelude(this.#deflate, padded), 0);
    this.#write(padded, PRELUDE_BYTES);
    this.#close();
    return header;
  }

  abandon(): void {
    this.#close();
    rmSync(this.#path, { force: true });
  }

  #header(end_us: number, counts: TapeCounts): TapeHeader {
    const { symbol, description, snapshot } = this.#source;
    const start_us = counts === WIDEST_COUNTS ? end_us : this.#start_us;
    return {
      symbol,
      description,
      start_us,
      end_us,
      counts: { ...counts },
      snapshot: {
        last_update_id: snapshot.last_update_id,
        bids: Array.from(snapshot.bids),
        asks: Array.from(snapshot.asks),
      },
    };
  }

  #count(message: SbeMessage): void {
    this.counts.frames++;
    if (message.kind === "trades") this.counts.trades += message.trades.length;
    else if (message.kind === "best_bid_ask") this.counts.quotes++;
    else if (message.kind === "depth_diff") this.counts.depth_diffs++;
    else this.counts.depth_snapshots++;
  }

  #writeBlock(): void {
    const inflated = Buffer.concat(this.#records, this.#records_bytes);
    const stored = this.#deflate ? deflateRawSync(inflated, { level: 6 }) : inflated;
    const head = {
      stored_bytes: stored.length,
      inflated_bytes: inflated.length,
      records: this.#records.length,
      crc: crc32(stored),
    };
    this.#write(encodeBlockHead(head), this.#offset);
    this.#offset += BLOCK_HEAD_BYTES;
    this.#write(stored, this.#offset);
    this.#offset += stored.length;
    this.#records = [];
    this.#records_bytes = 0;
  }

  #write(bytes: Uint8Array, offset: number): void {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#file, bytes, done, bytes.length - done, offset + done);
    }
  }

  #close(): void {
    if (this.#open) closeSync(this.#file);
    this.#open = false;
  }
}

const WIDEST_COUNTS: TapeCounts = {
  frames: Number.MAX_SAFE_INTEGER,
  trades: Number.MAX_SAFE_INTEGER,
  quotes: Number.MAX_SAFE_INTEGER,
  depth_diffs: Number.MAX_SAFE_INTEGER,
  depth_snapshots: Number.MAX_SAFE_INTEGER,
};

function headerBytes(header: TapeHeader): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(header));
}

function openForWriting(path: string): number {
  try {
    return openSync(path, "w");
  } catch (cause) {
    return fail(
      "TAPE_INVALID",
      `${path}: expected a file that can be written; check that its folder exists`,
      {
        cause,
      },
    );
  }
}
