/** The journal's disk, in memory: its calls take time and can fail, and a power cut leaves only what was synced. */

import type { Rng } from "../../src/base/rng.ts";
import type { Disk, DiskFile, FoundFile } from "../../src/record/write/disk.ts";
import { diskFull } from "../record/write/faulty_disk.ts";
import type { SimulatedClock } from "./clock.ts";
import type { SimulatedProcess } from "./process.ts";

export type DiskFault = "full" | "torn" | "hung" | "slow" | "lost_sync";

const CALL_MS = 1;
const SYNC_MS = 4;
const SLOW_MS = 700;
const FREE_BYTES = 50 * 2 ** 30;

interface StoredFile {
  /** As the process wrote it. */
  written: Buffer;
  /** So many of its bytes survive a power cut. */
  synced: number;
}

export class SimulatedDisk {
  fault: DiskFault | undefined;
  readonly #files = new Map<string, StoredFile>();
  readonly #clock: SimulatedClock;
  readonly #rng: Rng;

  constructor(clock: SimulatedClock, rng: Rng) {
    this.#clock = clock;
    this.#rng = rng;
  }

  /** The content of each file, as a process that starts now would find it. */
  get contents(): ReadonlyMap<string, Buffer> {
    return new Map([...this.#files].map(([path, { written }]) => [path, written]));
  }

  /** What was not synced is gone, but for a random part of it. */
  powerCut(): void {
    for (const file of this.#files.values()) {
      const unsynced = file.written.length - file.synced;
      file.written = file.written.subarray(0, file.synced + this.#rng.below(unsynced + 1));
    }
  }

  of(process: SimulatedProcess): Disk {
    const call = <T>(run: () => T, ms = CALL_MS): Promise<T> => process.gate(this.#call(run, ms, process));
    return {
      list: (directory) => this.#list(directory),
      writeNow: (path, content) => {
        if (this.fault === "full") throw diskFull();
        this.#files.set(path, { written: Buffer.from(content), synced: content.length });
      },
      create: (path) => call(() => this.#create(path, call)),
      read: (path, from, length) =>
        call(() => Buffer.from(this.#file(path).written.subarray(from, from + length))),
      remove: (path) => call(() => void this.#files.delete(path)),
      freeBytes: () => call(() => (this.fault === "full" ? 0 : FREE_BYTES)),
    };
  }

  #list(directory: string): FoundFile[] {
    return [...this.#files]
      .filter(([path]) => path.startsWith(`${directory}/`))
      .map(([path, { written }]) => ({ name: path.slice(directory.length + 1), bytes: written.length }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #create(path: string, call: <T>(run: () => T, ms?: number) => Promise<T>): DiskFile {
    if (this.fault === "full") throw diskFull();
    if (this.#files.has(path)) throw Object.assign(new Error("file exists"), { code: "EEXIST" });
    const file: StoredFile = { written: Buffer.alloc(0), synced: 0 };
    this.#files.set(path, file);
    return {
      append: (data) => call(() => this.#append(file, data)),
      sync: () =>
        call(() => {
          if (this.fault === "full") throw diskFull();
          if (this.fault !== "lost_sync") file.synced = file.written.length;
        }, SYNC_MS),
      truncate: (bytes) =>
        call(() => {
          file.written = file.written.subarray(0, bytes);
          file.synced = Math.min(file.synced, bytes);
        }),
      close: () => call(() => {}),
    };
  }

  #append(file: StoredFile, data: Uint8Array): void {
    const torn = this.fault === "torn" || this.fault === "full";
    const taken = torn ? data.subarray(0, this.#rng.below(data.length)) : data;
    file.written = Buffer.concat([file.written, taken]);
    if (this.fault === "full") throw diskFull();
    if (torn) throw Object.assign(new Error("input/output error"), { code: "EIO" });
  }

  #file(path: string): StoredFile {
    const file = this.#files.get(path);
    if (!file) throw Object.assign(new Error(`no such file: ${path}`), { code: "ENOENT" });
    return file;
  }

  #call<T>(run: () => T, ms: number, process: SimulatedProcess): Promise<T> {
    if (this.fault === "hung") return new Promise(() => {});
    const wait_ms = this.fault === "slow" ? SLOW_MS : ms * (0.5 + this.#rng.uniform());
    return new Promise((resolve, reject) => {
      this.#clock.after(wait_ms, () => {
        // A process that is gone has done no more than it had by then.
        if (!process.alive) return;
        try {
          resolve(run());
        } catch (error) {
          reject(error);
        }
      });
    });
  }
}
