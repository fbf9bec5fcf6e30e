/**
 * The worker a service starts beside itself, so that one command trains too: a process of its own at a lower priority,
 * which ends with the service and is started again where it ends by itself.
 */

import { join } from "node:path";
import type { Clock, Timer } from "../base/clock.ts";
import { withDeadline } from "../base/deadline.ts";
import { LIMITS } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";

export interface WorkerProcessOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Default: `bun scripts/worker.ts`. */
  readonly command?: readonly string[];
}

const SCRIPT = join(import.meta.dir, "..", "..", "scripts", "worker.ts");
/** What waits for trainings gives way to what forecasts; the trainings themselves still more. */
const NICE = "5";

export class WorkerProcess {
  readonly #options: WorkerProcessOptions;
  #child: Bun.Subprocess | undefined;
  #timer: Timer | undefined;
  #starts = 0;
  #closing: Promise<void> | undefined;

  constructor(options: WorkerProcessOptions) {
    this.#options = options;
  }

  /** Times it was started. */
  get starts(): number {
    return this.#starts;
  }

  start(): void {
    if (this.#closing || this.#child) return;
    const command = this.#options.command ?? [process.execPath, SCRIPT, "--ends-with-parent"];
    const prefix = Bun.which("nice") ? ["nice", "-n", NICE] : [];
    this.#starts++;
    const child = Bun.spawn([...prefix, ...command], {
      ...{ env: process.env, stdout: "inherit", stderr: "inherit" },
      // Never written to: it closes when this process ends, however that ends, and the worker with it.
      stdin: "pipe",
    });
    this.#child = child;
    void child.exited.then((code) => this.#onExit(code));
  }

  /** Ends it in order; what it was training is trained again. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#timer?.cancel();
    const child = this.#child;
    if (!child) return;
    child.kill("SIGTERM");
    await withDeadline(child.exited, {
      ...{ clock: this.#options.clock, limit: "worker_end_ms", what: "the worker's end" },
      onGivenUp: () => child.kill("SIGKILL"),
    });
  }

  #onExit(code: number): void {
    this.#child = undefined;
    if (this.#closing) return;
    const { clock, log } = this.#options;
    log.warn({ code, again_in_s: LIMITS.worker_restart_ms / 1_000 }, "the worker has ended: trainings wait");
    this.#timer = clock.after(LIMITS.worker_restart_ms, () => this.start());
  }
}
