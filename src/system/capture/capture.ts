/**
 * The capture of a running service: every input of every symbol's lane on disk, so that a bad day can be replayed. Off
 * unless CAPTURE is 1. What it does is memory and background work: no tick waits for it.
 */

import { mkdirSync } from "node:fs";
import { arch, cpus, platform } from "node:os";
import { join } from "node:path";
import ortJson from "onnxruntime-node/package.json" with { type: "json" };
import packageJson from "../../../package.json" with { type: "json" };
import type { Clock } from "../../base/clock.ts";
import type { Config } from "../../base/config.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { type ModelVersion, modelVersion } from "../../base/units.ts";
import type { CapturedService } from "../../binance/capture/capture_read.ts";
import type { StreamName } from "../../binance/events.ts";
import { FEATURE_SETS } from "../../features/sets/all.ts";
import { FrameTap } from "../../predict/capture/captured_lane.ts";
import type { RosterEntry } from "../../predict/capture/input_log.ts";
import { CaptureFolder } from "../../record/capture/capture_folder.ts";
import { CaptureLog } from "../../record/capture/capture_log.ts";
import { runName } from "../../record/capture/part_name.ts";
import { LakeBucket } from "../../record/lake/lake_store.ts";
import { type Disk, limitedDisk, realDisk } from "../../record/write/disk.ts";
import type { WorkerParts } from "../symbol/worker_parts.ts";
import { capturedParts } from "./captured_parts.ts";

export interface CaptureOptions {
  readonly config: Config;
  readonly streams: readonly StreamName[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly disk?: Disk;
}

/** What can change a forecast's last bits from one machine to another. */
export const machineName = (): string =>
  `${cpus()[0]?.model ?? arch()}, ${platform()} ${arch()}, Bun ${Bun.version}, onnxruntime ${ortJson.version}`;

/** Where captures lie. */
export const captureDir = ({ capture_dir, data_dir }: Pick<Config, "capture_dir" | "data_dir">): string =>
  capture_dir ?? join(data_dir, "capture");

export class Capture {
  readonly tap = new FrameTap();
  readonly folder: CaptureFolder;
  /** By symbol; of one that was taken over again, the newest. */
  readonly logs = new Map<string, CaptureLog>();
  readonly #options: CaptureOptions;
  readonly #directory: string;
  readonly #disk: Disk;

  constructor(options: CaptureOptions) {
    const { config, clock, log, disk = realDisk } = options;
    this.#options = options;
    this.#directory = captureDir(config);
    this.#disk = limitedDisk(disk, { clock, timeout_ms: LIMITS.journal_timeout_ms });
    this.folder = new CaptureFolder({
      ...{ directory: this.#directory, model_dir: config.model_dir, disk: this.#disk, clock, log },
      days: config.capture_days,
      bytes_max: config.capture_max_mb * 1e6,
      store: config.s3_bucket === undefined ? undefined : new LakeBucket(config, clock, "capture/"),
      open: () => [...this.logs].map(([symbol, { open_part }]) => join(this.#directory, symbol, open_part)),
    });
  }

  start(): void {
    this.folder.start();
  }

  /** The parts of a symbol's worker that begins now. Throws what the file system throws. */
  partsOf(symbol: string): WorkerParts {
    const { clock, log } = this.#options;
    const directory = join(this.#directory, symbol);
    mkdirSync(directory, { recursive: true });
    const made = new CaptureLog({
      ...{ directory, disk: this.#disk, clock, log },
      header: { symbol, run: runName(clock.now()), service: this.#service() },
      refusal: () => this.folder.refusal(),
    });
    this.logs.set(symbol, made);
    return capturedParts({ sink: made, tap: this.tap, onRoster: (entries) => this.#keep(entries) });
  }

  /** May be called twice. */
  async close(): Promise<void> {
    await Promise.all([...[...this.logs.values()].map((log) => log.close()), this.folder.close()]);
  }

  #keep(entries: readonly RosterEntry[]): void {
    const versions = entries.flatMap(
      ({ version, members }) => members?.map((one) => one.version) ?? [version],
    );
    for (const version of versions) void this.folder.keepBundle(modelVersion(version) satisfies ModelVersion);
  }

  #service(): CapturedService {
    const { config, streams } = this.#options;
    return {
      sets: FEATURE_SETS.map(({ name, hash }) => ({ name, hash })),
      streams,
      grace_ms: config.close_grace_ms,
      deadline_ms: config.deadline_ms,
      interval_ms: config.predict_interval_ms,
      fallback: config.fallback === "on",
      version: packageJson.version,
      machine: machineName(),
    };
  }
}
