/**
 * Reports the course of a training to those that record it (the database, a tracking server). Training waits
 * for none of them and fails with none of them: one that fails is left out from then on, with a warning.
 */

import type { Clock } from "../../base/clock.ts";
import { describeError } from "../../base/errors.ts";
import type { ModelVersion } from "../../base/units.ts";
import { type Manifest, versionOf } from "../../model/bundle/manifest.ts";
import type { RunEnd, RunEpoch, RunStart } from "../../record/registry/training_runs.ts";
import type { FitProgress, Fitted, FittedKind, ModelKind } from "../fit/trainable.ts";

/** Keeps a record of runs. Calls come one after the other, each when the one before is done. */
export interface RunSink {
  /** For a warning, e.g. "the database". */
  readonly name: string;
  start(run: RunStart): Promise<void>;
  epoch(run_id: string, epoch: RunEpoch): Promise<void>;
  /** Registers a written bundle; what it returns goes into `end`. */
  register?(dir: string, run_id: string): Promise<ModelVersion>;
  end(run_id: string, end: RunEnd): Promise<void>;
  close(): Promise<void>;
}

/** A model whose bundle is written. */
type Finished = Pick<Manifest, "name" | "version" | "scores">;

/** What the runs of one training share. */
export type RunBasis = Omit<RunStart, "run_id" | "kind" | "started_us">;

export interface RunRecorderOptions {
  readonly sinks: readonly RunSink[];
  readonly kinds: readonly ModelKind[];
  /** Called only where there is a sink: hashing the data takes a moment. */
  readonly basis: () => RunBasis;
  readonly clock: Clock;
  readonly warn: (sentence: string) => void;
}

export class RunRecorder {
  readonly #options: RunRecorderOptions;
  /** Each sink with what it still has to do. */
  readonly #tails = new Map<RunSink, Promise<void>>();
  /** Undefined where there is no sink. */
  readonly #basis: RunBasis | undefined;
  /** Runs that have not ended, by kind. */
  readonly #open = new Map<FittedKind, string>();

  constructor(options: RunRecorderOptions) {
    this.#options = options;
    for (const sink of options.sinks) this.#tails.set(sink, Promise.resolve());
    if (this.#tails.size === 0) return;
    this.#basis = options.basis();
    for (const kind of options.kinds) this.#begin(this.#basis, kind);
  }

  /** Runs a training, and writes down how it ended: what has no bundle was stopped, or failed with it. */
  async during<T>(training: () => Promise<T>): Promise<T> {
    try {
      const result = await training();
      this.#endOpen({ status: "stopped" });
      return result;
    } catch (error) {
      this.#endOpen({ status: "failed", problem: describeError(error) });
      throw error;
    } finally {
      await this.#close();
    }
  }

  /** Returns at once. */
  epoch({ kind, member, record }: FitProgress): void {
    const run_id = this.#open.get(kind);
    if (run_id !== undefined) this.#tell((sink) => sink.epoch(run_id, { member, ...record }));
  }

  /** The model was fitted and its bundle is in `dir`; one that was not asked for has a run of its own. Returns at once. */
  finished({ kind, parameters }: Pick<Fitted, "kind" | "parameters">, bundle: Finished, dir: string): void {
    if (!this.#basis) return;
    const run_id = this.#open.get(kind) ?? this.#begin(this.#basis, kind);
    this.#open.delete(kind);
    const status = parameters.ended === "aborted" ? "stopped" : "finished";
    const end: RunEnd = { status, ended_us: this.#options.clock.now(), parameters, scores: bundle.scores };
    this.#tell(async (sink) => {
      const version = sink.register ? await this.#registered(sink, dir, run_id) : versionOf(bundle);
      await sink.end(run_id, { ...end, version });
    });
  }

  #begin(basis: RunBasis, kind: FittedKind): string {
    const run_id = crypto.randomUUID();
    this.#open.set(kind, run_id);
    const started_us = this.#options.clock.now();
    this.#tell((sink) => sink.start({ ...basis, run_id, kind, started_us }));
    return run_id;
  }

  // The run is worth recording where its bundle could not be registered, too.
  async #registered(sink: RunSink, dir: string, run_id: string): Promise<ModelVersion | undefined> {
    try {
      return await sink.register?.(dir, run_id);
    } catch (error) {
      const remedy = `bun run models register ${dir}`;
      this.#options.warn(`${dir} is not registered: ${describeError(error)}. Later: ${remedy}`);
      return undefined;
    }
  }

  #endOpen(end: Omit<RunEnd, "ended_us">): void {
    const ended_us = this.#options.clock.now();
    for (const run_id of this.#open.values()) this.#tell((sink) => sink.end(run_id, { ...end, ended_us }));
    this.#open.clear();
  }

  #tell(say: (sink: RunSink) => Promise<void>): void {
    for (const [sink, tail] of this.#tails) {
      this.#tails.set(
        sink,
        tail.then(async () => {
          if (this.#tails.has(sink)) await say(sink).catch((error: unknown) => this.#giveUp(sink, error));
        }),
      );
    }
  }

  #giveUp(sink: RunSink, error: unknown): void {
    this.#tails.delete(sink);
    this.#options.warn(
      `${sink.name} no longer records this training, which goes on: ${describeError(error)}`,
    );
  }

  async #close(): Promise<void> {
    await Promise.all(this.#tails.values());
    for (const sink of this.#options.sinks) {
      await sink
        .close()
        .catch((error: unknown) => this.#options.warn(`${sink.name}: ${describeError(error)}`));
    }
  }
}
