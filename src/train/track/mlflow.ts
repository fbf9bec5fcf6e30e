/**
 * Training runs on an MLflow tracking server, over its REST API 2.0 (https://mlflow.org/docs/latest/rest-api.html):
 * an experiment by name, a run per model, parameters and tags at its start, metrics by epoch, a status at its
 * end.
 */

import type { Clock } from "../../base/clock.ts";
import { describeError, ForetickError, fail } from "../../base/errors.ts";
import { readBytes, redirectOf } from "../../base/http.ts";
import { LIMITS } from "../../base/limits.ts";
import { US_PER_MS } from "../../base/units.ts";
import type { Score } from "../../model/bundle/manifest.ts";
import type { RunEnd, RunEpoch, RunParameters, RunStart } from "../../record/registry/training_runs.ts";
import type { RunSink } from "./run_recorder.ts";

export interface MlflowOptions {
  /** e.g. "http://mlflow.local:5000"; a path is kept, for servers behind one. */
  readonly tracking_uri: string;
  readonly token: string | undefined;
  readonly experiment: string;
  readonly clock: Clock;
}

interface Metric {
  readonly key: string;
  readonly value: number;
  /** ms since the epoch. */
  readonly timestamp: number;
  readonly step: number;
}

interface Pair {
  readonly key: string;
  readonly value: string;
}

interface ServerRun {
  /** The server's own. */
  readonly run_id: string;
  /** Parameters said: the server refuses another value for one. */
  readonly said: Set<string>;
}

const STATUS = { finished: "FINISHED", stopped: "KILLED", failed: "FAILED" } as const;
/** Longest value of a parameter or tag that every version of the server takes (characters). */
const VALUE_CHARS_MAX = 500;
/** Of a score, what is a number and means something by itself. */
const SCORES = [
  "r2",
  "mae_cut",
  "mae",
  "rmse",
  "ic_pearson",
  "ic_spearman",
  "hit_rate",
  "calibration_slope",
] as const;

export class MlflowSink implements RunSink {
  readonly name = "the MLflow server";
  readonly #options: MlflowOptions;
  readonly #api: string;
  #experiment_id: string | undefined;
  /** By our run id. */
  readonly #runs = new Map<string, ServerRun>();

  constructor(options: MlflowOptions) {
    this.#options = options;
    this.#api = `${options.tracking_uri.replace(/\/+$/, "")}/api/2.0/mlflow`;
  }

  /** Rejects with TRACKING_REFUSED, as every method does, where the server does not do it. */
  async start(run: RunStart): Promise<void> {
    this.#experiment_id ??= await this.#experiment();
    const { run: created } = await this.#post<{ run: { info: { run_id: string } } }>("runs/create", {
      experiment_id: this.#experiment_id,
      run_name: `${run.kind} ${run.run_id.slice(0, 8)}`,
      start_time: millis(run.started_us),
      tags: tagsOf(run),
    });
    this.#runs.set(run.run_id, { run_id: created.info.run_id, said: new Set() });
    const { symbol, data_from_us, data_to_us, data_rows, sources } = run;
    await this.#batch(run.run_id, {
      params: pairs({
        ...run.parameters,
        ...{ kind: run.kind, feature_set: run.feature_set, symbol, data_rows, sources: sources.join("; ") },
        data_from: new Date(millis(data_from_us)).toISOString(),
        data_to: new Date(millis(data_to_us)).toISOString(),
      }),
    });
  }

  async epoch(run_id: string, { member, epoch, ...figures }: RunEpoch): Promise<void> {
    const prefix = member === 1 ? "" : `member_${member}/`;
    const metrics = Object.entries(figures).map(([key, value]) => [`${prefix}${key}`, value] as const);
    await this.#batch(run_id, { metrics: this.#metrics(metrics, epoch) });
  }

  async end(
    run_id: string,
    { status, ended_us, problem, parameters, scores, version }: RunEnd,
  ): Promise<void> {
    const [score] = scores ?? [];
    const tags = {
      ...(problem ? { "foretick.problem": problem } : {}),
      ...(version ? { "foretick.version": version } : {}),
    };
    await this.#batch(run_id, {
      params: pairs(parameters ?? {}),
      metrics: this.#metrics(score ? scoreFigures(score) : [], 0),
      tags: pairs(tags),
    });
    await this.#post("runs/update", {
      run_id: this.#runOf(run_id).run_id,
      status: STATUS[status],
      end_time: millis(ended_us),
    });
  }

  async close(): Promise<void> {}

  async #experiment(): Promise<string> {
    const { experiment: name } = this.#options;
    const found = await this.#find(name);
    if (found !== undefined) return found;
    try {
      const { experiment_id } = await this.#post<{ experiment_id: string }>("experiments/create", { name });
      return experiment_id;
    } catch (error) {
      // Another process was faster.
      return (await this.#find(name)) ?? Promise.reject(error);
    }
  }

  async #find(name: string): Promise<string | undefined> {
    const query = new URLSearchParams({ experiment_name: name });
    const answer = await this.#send("GET", `experiments/get-by-name?${query}`);
    if (answer.status === 404) return undefined;
    const body = await bodyOf<{ experiment: { experiment_id: string } }>(answer, "experiments/get-by-name");
    return body.experiment.experiment_id;
  }

  #runOf(run_id: string): ServerRun {
    return this.#runs.get(run_id) ?? fail("INVARIANT", `run ${run_id} expected to be started, was not`);
  }

  /** A NaN cannot be said in JSON and is left out. */
  #metrics(figures: readonly (readonly [string, number | null])[], step: number): Metric[] {
    const timestamp = millis(this.#options.clock.now());
    return figures.flatMap(([key, value]) =>
      value !== null && Number.isFinite(value) ? [{ key, value, timestamp, step }] : [],
    );
  }

  async #batch(
    ours: string,
    { metrics = [], params = [], tags = [] }: { metrics?: Metric[]; params?: Pair[]; tags?: Pair[] },
  ): Promise<void> {
    const { run_id, said } = this.#runOf(ours);
    const unsaid = params.filter(({ key }) => !said.has(key));
    for (const { key } of unsaid) said.add(key);
    for (const part of chunks(unsaid, LIMITS.tracking_params_max)) {
      await this.#post("runs/log-batch", { run_id, params: part });
    }
    for (const part of chunks(metrics, LIMITS.tracking_metrics_max)) {
      await this.#post("runs/log-batch", { run_id, metrics: part });
    }
    if (tags.length > 0) await this.#post("runs/log-batch", { run_id, tags });
  }

  async #post<T>(path: string, body: object): Promise<T> {
    return bodyOf<T>(await this.#send("POST", path, body), path);
  }

  async #send(method: "GET" | "POST", path: string, body?: object): Promise<Response> {
    const { clock, token } = this.#options;
    const control = new AbortController();
    const timer = clock.after(LIMITS.tracking_timeout_ms, () => control.abort());
    try {
      const answer = await fetch(`${this.#api}/${path}`, {
        method,
        signal: control.signal,
        redirect: "manual",
        headers: {
          "Content-Type": "application/json",
          ...(token ? { Authorization: `Bearer ${token}` } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      // Read here, so that the timer covers the body too.
      const elsewhere = redirectOf(answer, this.#api);
      if (elsewhere !== undefined) {
        await answer.body?.cancel();
        fail("TRACKING_REFUSED", `sent on to ${elsewhere}, not followed, since the token would go along`);
      }
      const bytes = await readBytes(answer, "tracking_body_bytes_max", "TRACKING_REFUSED");
      return new Response(bytes, { status: answer.status });
    } catch (error) {
      const said = control.signal.aborted
        ? `did not answer within ${LIMITS.tracking_timeout_ms / 1_000} s`
        : describeError(error);
      throw new ForetickError("TRACKING_REFUSED", `${path}: ${said}. Check MLFLOW_TRACKING_URI`, {
        cause: error,
      });
    } finally {
      timer.cancel();
    }
  }
}

async function bodyOf<T>(answer: Response, path: string): Promise<T> {
  const text = await answer.text();
  if (answer.ok) {
    try {
      return JSON.parse(text || "{}") as T;
    } catch {
      return fail("TRACKING_REFUSED", `${path}: expected JSON, was not. Check MLFLOW_TRACKING_URI`);
    }
  }
  return fail(
    "TRACKING_REFUSED",
    `${path}: expected status 200, was ${answer.status}: ${text.slice(0, 300)}`,
  );
}

function tagsOf(run: RunStart): Pair[] {
  return pairs({
    "mlflow.source.name": "foretick",
    ...(run.code_commit ? { "mlflow.source.git.commit": run.code_commit } : {}),
    "foretick.run_id": run.run_id,
    "foretick.set_hash": run.set_hash,
    "foretick.data_sha256": run.data_sha256,
  });
}

const scoreFigures = (score: Score): (readonly [string, number | null])[] =>
  SCORES.map((key) => [`test/${key}`, score[key]]);

const pairs = (values: RunParameters): Pair[] =>
  Object.entries(values).map(([key, value]) => ({ key, value: String(value).slice(0, VALUE_CHARS_MAX) }));

const millis = (time_us: number): number => Math.floor(time_us / US_PER_MS);

function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
