/** The real disk, with faults on demand: calls that fail, calls that never end, less space, and power cuts. */

import { existsSync, truncateSync } from "node:fs";
import { type Disk, type DiskFile, realDisk } from "../../../src/record/write/disk.ts";

export type DiskCall = "create" | "append" | "sync" | "truncate" | "close" | "read" | "remove" | "freeBytes";

export class FaultyDisk implements Disk {
  /** What a call throws; undefined: it works. Called once a call. */
  fault: (call: DiskCall) => Error | undefined = () => undefined;
  /** These calls do not end. */
  hangs = new Set<DiskCall>();
  /** Syncs wait for this. */
  slow_sync: Promise<void> | undefined;
  /** Where set, what `freeBytes` says. */
  free_bytes: number | undefined;
  /** Bytes an append writes before it fails, where it does. */
  torn_bytes = 0;
  readonly calls: Record<DiskCall, number> = {
    ...{ create: 0, append: 0, sync: 0, truncate: 0, close: 0, read: 0, remove: 0, freeBytes: 0 },
  };
  #under_way = 0;
  readonly #removals = new Set<Promise<void>>();
  /** Bytes of each file that a power cut would leave. */
  readonly #durable = new Map<string, number>();

  readonly list = realDisk.list;
  readonly writeNow = realDisk.writeNow;

  create(path: string): Promise<DiskFile> {
    return this.#counted(() => this.#create(path));
  }

  read(path: string, from: number, length: number): Promise<Buffer> {
    return this.#counted(async () => {
      await this.#enter("read");
      return await realDisk.read(path, from, length);
    });
  }

  remove(path: string): Promise<void> {
    return this.#counted(() => this.#remove(path));
  }

  freeBytes(directory: string): Promise<number> {
    return this.#counted(async () => {
      await this.#enter("freeBytes");
      return this.free_bytes ?? (await realDisk.freeBytes(directory));
    });
  }

  async #create(path: string): Promise<DiskFile> {
    await this.#enter("create");
    const file = await realDisk.create(path);
    this.#durable.set(path, 0);
    let bytes = 0;
    const append = async (data: Uint8Array): Promise<void> => {
      try {
        await this.#enter("append");
      } catch (error) {
        await file.append(data.subarray(0, Math.min(this.torn_bytes, data.length)));
        throw error;
      }
      await file.append(data);
      bytes += data.length;
    };
    const sync = async (): Promise<void> => {
      await this.#enter("sync");
      await this.slow_sync;
      await file.sync();
      this.#durable.set(path, bytes);
    };
    const truncate = async (length: number): Promise<void> => {
      await this.#enter("truncate");
      await file.truncate(length);
      bytes = length;
    };
    const close = async (): Promise<void> => {
      await this.#enter("close");
      await file.close();
    };
    return {
      append: (data) => this.#counted(() => append(data)),
      sync: () => this.#counted(sync),
      truncate: (length) => this.#counted(() => truncate(length)),
      close: () => this.#counted(close),
    };
  }

  async #remove(path: string): Promise<void> {
    await this.#enter("remove");
    this.#durable.delete(path);
    const removal = realDisk.remove(path).finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
    await removal;
  }

  /** Resolves once no call is under way, nor follows at once. For tests that move the clock by hand. */
  async quiet(): Promise<void> {
    for (let still = 0; still < 3; ) {
      await new Promise((resume) => setImmediate(resume));
      still = this.#under_way > 0 ? 0 : still + 1;
    }
  }

  async #counted<T>(run: () => Promise<T>): Promise<T> {
    this.#under_way++;
    try {
      return await run();
    } finally {
      this.#under_way--;
    }
  }

  /** What was not synced is gone, but for `kept` bytes a file, or zeros in their place. */
  async powerCut(kept = 0): Promise<void> {
    await Promise.all(this.#removals);
    for (const [path, bytes] of this.#durable) {
      if (existsSync(path)) truncateSync(path, bytes + kept);
    }
  }

  async #enter(call: DiskCall): Promise<void> {
    this.calls[call]++;
    if (this.hangs.has(call)) await new Promise(() => {});
    const error = this.fault(call);
    if (error) throw error;
  }
}

/** As the file system says it. */
export const diskFull = (): Error => Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
