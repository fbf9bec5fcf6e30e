/**
 * Columns of numbers in files that have no name: they are unlinked as soon as they are open, so that nothing of
 * them is left however the process ends. They are read by positioned reads into a buffer and not mapped: pages of
 * a mapped file count as the process's memory, and a disk that fails under a map ends the process.
 */

import { closeSync, mkdirSync, openSync, readSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { assert, fail } from "../../base/errors.ts";

const TYPES = { float64: Float64Array, float32: Float32Array } as const;
type Kind = keyof typeof TYPES;
type Typed = Float64Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** Numbers copied in one go. */
const COPY_NUMBERS = 1 << 19;

/** A folder for such files. */
export class Scratch {
  readonly #dir: string;
  readonly #open = new Set<NumberFile>();
  #made = 0;

  /** @throws ForetickError CONFIG_INVALID where the folder cannot be made, or has less room than `bytes`. */
  constructor(dir: string, bytes: number) {
    this.#dir = dir;
    try {
      mkdirSync(dir, { recursive: true });
    } catch (cause) {
      fail(
        "CONFIG_INVALID",
        `${dir} expected to be a folder that can be written, was not: give another with --scratch`,
        { cause },
      );
    }
    const { bavail, bsize } = statfsSync(dir);
    if (bavail * bsize >= bytes) return;
    fail(
      "CONFIG_INVALID",
      `${dir} expected ${gigabytes(bytes)} free for the rows, has ${gigabytes(bavail * bsize)}: give another folder with --scratch, or a shorter range`,
    );
  }

  /** @param width numbers of a row. */
  create(kind: Kind, width = 1): NumberFile {
    const path = join(this.#dir, `rows-${process.pid}-${this.#made++}`);
    const file = new NumberFile(path, kind, width, this);
    this.#open.add(file);
    return file;
  }

  closed(file: NumberFile): void {
    this.#open.delete(file);
  }

  /** Closes every file of the folder; their numbers are gone. May be called twice. */
  close(): void {
    for (const file of this.#open) file.close();
  }
}

/**
 * A file of rows that grows at its end. The newest rows wait in memory, since they may be changed or dropped
 * again; older ones may be too, at the cost of a write each.
 */
export class NumberFile {
  readonly scratch: Scratch;
  readonly kind: Kind;
  readonly width: number;
  readonly #fd: number;
  readonly #tail: Typed;
  /** Numbers in the file; those of the tail follow. */
  #written = 0;
  #waiting = 0;
  #open = true;

  constructor(path: string, kind: Kind, width: number, scratch: Scratch) {
    this.scratch = scratch;
    this.kind = kind;
    this.width = width;
    this.#tail = new TYPES[kind](TAIL_ROWS * width);
    this.#fd = openSync(path, "wx+");
    rmSync(path);
  }

  get length(): number {
    return this.#written + this.#waiting;
  }

  append(value: number): void {
    if (this.#waiting === this.#tail.length) this.#writeOld();
    this.#tail[this.#waiting++] = value;
  }

  appendAll(values: Float64Array): void {
    for (let at = 0; at < values.length; ) {
      if (this.#waiting === this.#tail.length) this.#writeOld();
      const part = values.subarray(at, at + this.#tail.length - this.#waiting);
      this.#tail.set(part, this.#waiting);
      this.#waiting += part.length;
      at += part.length;
    }
  }

  set(index: number, value: number): void {
    assert(index < this.length, `expected an index below ${this.length}, was ${index}`);
    if (index >= this.#written) this.#tail[index - this.#written] = value;
    else this.write(new TYPES[this.kind]([value]), index);
  }

  get(index: number): number {
    if (index >= this.#written) return this.#tail[index - this.#written]!;
    const one = new TYPES[this.kind](1);
    this.read(one, index);
    return one[0]!;
  }

  truncate(length: number): void {
    this.#written = Math.min(this.#written, length);
    this.#waiting = length - this.#written;
  }

  /** All that was appended, for reading. */
  finish(): FileNumbers {
    this.#writeTail(this.#waiting);
    return new FileNumbers(this, 0, this.#written);
  }

  read(into: Typed, from: number): void {
    const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    const at = from * into.BYTES_PER_ELEMENT;
    for (let done = 0; done < bytes.length; ) {
      const count = readSync(this.#fd, bytes, done, bytes.length - done, at + done);
      assert(count > 0, `expected ${into.length} numbers from ${from} on, the file ends before`);
      done += count;
    }
  }

  write(values: Typed, to: number): void {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const at = to * values.BYTES_PER_ELEMENT;
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#fd, bytes, done, bytes.length - done, at + done);
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#fd);
    this.scratch.closed(this);
  }

  #writeOld(): void {
    this.#writeTail(Math.max(0, this.#waiting - TAIL_KEPT_ROWS * this.width));
  }

  #writeTail(count: number): void {
    this.write(this.#tail.subarray(0, count), this.#written);
    this.#tail.copyWithin(0, count, this.#waiting);
    this.#written += count;
    this.#waiting -= count;
  }
}

/** Rows that wait in memory, and those that stay there when the rest is written: a label's horizon is shorter. */
const TAIL_ROWS = 16_384;
const TAIL_KEPT_ROWS = 4_096;

/** Numbers of a file, as a typed array's: `subarray` shares them, `copyWithin` moves them in the file. */
export class FileNumbers {
  readonly length: number;
  readonly #file: NumberFile;
  readonly #from: number;
  #buffer: Typed | undefined;

  constructor(file: NumberFile, from: number, to: number) {
    this.#file = file;
    this.#from = from;
    this.length = to - from;
  }

  get scratch(): Scratch {
    return this.#file.scratch;
  }

  subarray(from: number, to: number): FileNumbers {
    return new FileNumbers(this.#file, this.#from + from, this.#from + to);
  }

  /** Good until the next read of this object. */
  read(from: number, to: number): Typed {
    assert(from >= 0 && to <= this.length, `expected a range within ${this.length}, was ${from}…${to}`);
    const count = Math.max(0, to - from);
    if (!this.#buffer || this.#buffer.length < count) this.#buffer = new TYPES[this.#file.kind](count);
    const view = this.#buffer.subarray(0, count) as Typed;
    this.#file.read(view, this.#from + from);
    return view;
  }

  /** Numbers [from, end) to `to` on, which is not after `from`. */
  copyWithin(to: number, from: number, end: number): void {
    assert(to <= from, `expected to move numbers to the front, was from ${from} to ${to}`);
    for (let at = from; at < end; at += COPY_NUMBERS) {
      const view = this.read(at, Math.min(end, at + COPY_NUMBERS));
      this.#file.write(view, this.#from + to + at - from);
    }
  }

  /** In a file of their own. */
  copy(from: number, to: number): FileNumbers {
    const { scratch, kind, width } = this.#file;
    const file = scratch.create(kind, width);
    for (let at = from; at < to; at += COPY_NUMBERS) {
      file.write(this.read(at, Math.min(to, at + COPY_NUMBERS)), at - from);
    }
    return new FileNumbers(file, 0, to - from);
  }

  /** Gives the file back, for all that share it. */
  close(): void {
    this.#file.close();
  }
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
