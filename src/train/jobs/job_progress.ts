/**
 * Writes into its row how far a job's training is, at most once a second, and learns from the answer whether the job is
 * still this training's to do.
 */

import type { Clock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import type { JobLoss, JobStep } from "../../record/training/jobs.ts";
import type { CourseListener } from "../course/listener.ts";
import type { FoldResult } from "../data/walk_forward.ts";
import type { FinishedModel } from "../finish.ts";
import type { FitProgress } from "../fit/trainable.ts";
import type { TrainingProgress } from "../rows/training_query.ts";
import type { TrainingRun } from "../run.ts";

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
  /** A step in words, for the log. */
  readonly say: (sentence: string) => void;
}

/** Reading is said to have come so much further (of 1). */
const READ_STEP = 0.25;

export class JobProgress implements CourseListener {
  readonly #options: JobProgressOptions;
  readonly #losses = new Map<string, JobLoss>();
  #told_us = Number.NEGATIVE_INFINITY;
  #said_us = Number.NEGATIVE_INFINITY;
  #read = 0;
  #telling: Promise<void> | undefined;

  constructor(options: JobProgressOptions) {
    this.#options = options;
  }

  said(_about: string, sentence: string): void {
    this.#options.say(sentence);
    this.#show("read", 0);
  }

  read({ done, rows }: Pick<TrainingProgress, "done" | "rows">): void {
    if (done >= this.#read + READ_STEP) {
      this.#read = done;
      this.#options.say(`${Math.floor(100 * done)} % of the time read, ${rows} rows`);
    }
    this.#show("read", done);
  }

  readEnded(): void {
    this.#show("fit", null);
  }

  epoch({ kind, member, members, epochs_max, record }: FitProgress): void {
    const { epoch, loss, validation_loss } = record;
    this.#losses.set(`${kind} ${member}`, { kind, member, epoch, loss, validation_loss });
    this.#sayEpoch(`${kind}, member ${member} of ${members}, epoch ${epoch}`, loss, validation_loss);
    this.#show("fit", Math.min(1, (member - 1 + epoch / epochs_max) / members));
  }

  trial(): void {
    this.#show("fit", null);
  }

  folded({ fold: { name } }: FoldResult): void {
    this.#options.say(`fold ${name} is fitted and judged`);
    this.#show("judge", null);
  }

  fitted(_dataset: unknown, { scores, proposal }: TrainingRun): void {
    for (const { model, r2, rows } of scores)
      this.#options.say(`${model}: R² against no move ${r2.toFixed(4)} on ${rows} test rows`);
    this.#options.say(proposal.sentence);
    this.#show("write", 0);
  }

  written(_dir: string, finished: FinishedModel): void {
    const { name, version, gates } = finished.contents.manifest;
    const refused = gates.filter(({ passed, required }) => required && !passed).map(({ gate }) => gate);
    this.#options.say(
      `${name}/${version} is written: ${refused.length === 0 ? "it passed its gates" : `refused by ${refused.join("; ")}`}`,
    );
    this.#options.onWritten(finished);
    this.#show("register", null);
  }

  /** Epochs of a small network come by the hundred a second: one a second is said. */
  #sayEpoch(which: string, loss: number, validation_loss: number): void {
    const now_us = this.#options.clock.monotonicUs();
    if (now_us - this.#said_us < LIMITS.training_progress_ms * 1_000) return;
    this.#said_us = now_us;
    this.#options.say(
      `${which}: loss ${loss.toPrecision(4)}, in validation ${validation_loss.toPrecision(4)}`,
    );
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
