/**
 * The folder of all captures, `<dir>/<symbol>/<run>-<part>.tape`: kept within its days and bytes, the oldest parts
 * going first; finished parts copied to the store where there is one; bundles of the models kept beside, so that a
 * capture can be replayed where nothing else is. Whatever fails is tried again in the next round.
 */

import { cp, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock, Timer } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { DAY_US, type ModelVersion } from "../../base/units.ts";
import { bundleDir, bundleExists } from "../../model/bundle/install.ts";
import type { CopyStore } from "../lake/lake_store.ts";
import type { Disk } from "../write/disk.ts";
import { partOf } from "./part_name.ts";

export interface CaptureFolderOptions {
  readonly directory: string;
  readonly model_dir: string;
  readonly days: number;
  readonly bytes_max: number;
  /** Where finished parts are copied to; undefined: nowhere. */
  readonly store: CopyStore | undefined;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Logger;
  /** Paths of the parts being written. */
  readonly open: () => readonly string[];
}

interface Part {
  readonly path: string;
  /** Path below the folder. */
  readonly key: string;
  readonly bytes: number;
  readonly changed_us: number;
}

/** Bundles lie here, below the folder of captures. */
export const CAPTURED_MODELS = "models";
/** Beside a part that is in the store. */
const SENT = ".sent";

export class CaptureFolder {
  /** Of the last round, and since the start. */
  readonly stats = { bytes: 0, parts: 0, parts_sent: 0, parts_removed: 0 };
  /** What is wrong with the folder or the store, as a sentence; undefined while nothing is. */
  last_error: string | undefined;
  free_bytes: number | undefined;
  readonly #options: CaptureFolderOptions;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: CaptureFolderOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.round().finally(() => this.#arm());
  }

  /** Why nothing may be written now: the disk's last room is the journal's. */
  refusal(): string | undefined {
    const min = LIMITS.disk_free_min_bytes;
    if (this.free_bytes === undefined || this.free_bytes >= min) return undefined;
    return `free space on the disk expected above ${mib(min)}, was ${mib(this.free_bytes)}`;
  }

  /** Keeps the bundle of a model beside the captures. Never rejects. */
  async keepBundle(version: ModelVersion): Promise<void> {
    const { directory, model_dir, log } = this.#options;
    const [from, to] = [bundleDir(model_dir, version), join(directory, CAPTURED_MODELS, version)];
    try {
      if ((await bundleExists(to)) || !(await bundleExists(from))) return;
      const draft = `${to}.${crypto.randomUUID()}.draft`;
      await mkdir(dirname(to), { recursive: true });
      await cp(from, draft, { recursive: true });
      await rename(draft, to);
    } catch (error) {
      log.warn({ version, error: describeError(error) }, "a model could not be kept beside the captures");
    }
  }

  /** One look at all of it, now. Never rejects. */
  async round(): Promise<void> {
    const { log } = this.#options;
    try {
      const { directory, disk } = this.#options;
      await mkdir(directory, { recursive: true });
      this.free_bytes = await disk.freeBytes(directory);
      const parts = await this.#parts();
      // A store that does not answer keeps nothing from being removed.
      const sent = await this.#send(parts).then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      await this.#remove(parts);
      if (sent) throw sent.error;
      this.last_error = undefined;
    } catch (error) {
      const reason = describeError(error);
      if (this.last_error === undefined) log.warn({ reason }, "the captures could not be tidied or sent");
      this.last_error = reason;
    }
  }

  /** May be called twice. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    const limit = {
      clock: this.#options.clock,
      limit: "capture_close_ms" as const,
      what: "the end of the round",
    };
    await withDeadline(this.#running, limit).catch(() => undefined);
  }

  #arm(): void {
    if (this.#closed) return;
    this.#timer = this.#options.clock.after(LIMITS.capture_round_every_ms, () => this.start());
  }

  /** Oldest first. */
  async #parts(): Promise<Part[]> {
    const { directory } = this.#options;
    const parts: Part[] = [];
    for (const symbol of await readdir(directory, { withFileTypes: true })) {
      if (!symbol.isDirectory() || symbol.name === CAPTURED_MODELS) continue;
      for (const name of await readdir(join(directory, symbol.name))) {
        if (!partOf(name)) continue;
        const path = join(directory, symbol.name, name);
        const { size, mtimeMs } = await stat(path);
        parts.push({ path, key: `${symbol.name}/${name}`, bytes: size, changed_us: mtimeMs * 1_000 });
      }
    }
    return parts.sort((a, b) => a.changed_us - b.changed_us || (a.key < b.key ? -1 : 1));
  }

  async #send(parts: readonly Part[]): Promise<void> {
    const { store, open } = this.#options;
    if (!store) return;
    for (const { path, key } of parts) {
      if (this.#closed) return;
      const is_sent = await stat(path + SENT).then(
        () => true,
        () => false,
      );
      if (is_sent || open().includes(path)) continue;
      await store.copyFile(key, path);
      await writeFile(path + SENT, "");
      this.stats.parts_sent++;
    }
  }

  async #remove(parts: readonly Part[]): Promise<void> {
    const { days, bytes_max, clock, open, disk } = this.#options;
    const oldest_us = clock.now() - days * DAY_US;
    let bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    let count = parts.length;
    for (const part of parts) {
      if (part.changed_us >= oldest_us && bytes <= bytes_max) break;
      if (open().includes(part.path)) continue;
      await disk.remove(part.path);
      await rm(part.path + SENT, { force: true });
      bytes -= part.bytes;
      count--;
      this.stats.parts_removed++;
    }
    Object.assign(this.stats, { bytes, parts: count });
  }
}

const mib = (bytes: number): string => `${Math.round(bytes / (1 << 20))} MiB`;
