/**
 * Writes into its row how far a job's training is, at most once a second, and learns from the answer whether the job is
 * still this training's to do.
 */

import type { Clock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import type { JobLoss, JobStep } from "../../record/training/jobs.ts";
import type { CourseListener } from "../course/listener.ts";
import type { FinishedModel } from "../finish.ts";
import type { FitProgress } from "../fit/trainable.ts";

export interface Told {
  readonly step: JobStep;
  /** Of the step, 0 to 1; null where it cannot be told. */
  readonly share: number | null;
  readonly losses: readonly JobLoss[];
}

export interface JobProgressOptions {
  readonly clock: Clock;
  /** Resolves with false where the job is no longer this training's. A rejection counts as nothing said. */
  readonly tell: (told: Told) => Promise<boolean>;
  /** The job was taken back, or another worker has begun it anew. */
  readonly onLost: () => void;
  readonly onWritten: (finished: FinishedModel) => void;
}

export class JobProgress implements CourseListener {
  readonly #options: JobProgressOptions;
  readonly #losses = new Map<string, JobLoss>();
  #told_us = Number.NEGATIVE_INFINITY;
  #telling: Promise<void> | undefined;

  constructor(options: JobProgressOptions) {
    this.#options = options;
  }

  said(): void {
    this.#show("read", 0);
  }

  read({ done }: { readonly done: number }): void {
    this.#show("read", done);
  }

  readEnded(): void {
    this.#show("fit", null);
  }

  epoch({ kind, member, members, epochs_max, record }: FitProgress): void {
    const { epoch, loss, validation_loss } = record;
    this.#losses.set(`${kind} ${member}`, { kind, member, epoch, loss, validation_loss });
    this.#show("fit", Math.min(1, (member - 1 + epoch / epochs_max) / members));
  }

  trial(): void {
    this.#show("fit", null);
  }

  folded(): void {
    this.#show("judge", null);
  }

  fitted(): void {
    this.#show("write", 0);
  }

  written(_dir: string, finished: FinishedModel): void {
    this.#options.onWritten(finished);
    this.#show("register", null);
  }

  /** Resolves when what was being written is. */
  async settled(): Promise<void> {
    await this.#telling;
  }

  #show(step: JobStep, share: number | null): void {
    const { clock, tell, onLost } = this.#options;
    const now_us = clock.monotonicUs();
    if (this.#telling || now_us - this.#told_us < LIMITS.training_progress_ms * 1_000) return;
    this.#told_us = now_us;
    this.#telling = tell({ step, share, losses: [...this.#losses.values()] })
      .then(
        (is_ours) => {
          if (!is_ours) onLost();
        },
        () => {},
      )
      .finally(() => {
        this.#telling = undefined;
      });
  }
}
