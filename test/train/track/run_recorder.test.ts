/**
 * What is reported of a training, to which sinks, in which order; and that no sink can hold it up or end it.
 */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ManualClock, systemClock } from "../../../src/base/clock.ts";
import { ForetickError } from "../../../src/base/errors.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { modelVersion } from "../../../src/base/units.ts";
import { datasetSha256 } from "../../../src/train/data/dataset_hash.ts";
import type { FitProgress } from "../../../src/train/fit/trainable.ts";
import { MlflowSink } from "../../../src/train/track/mlflow.ts";
import { type RunBasis, RunRecorder, type RunSink } from "../../../src/train/track/run_recorder.ts";
import { rejection } from "../../base/rejection.ts";
import { sampleContents } from "../../model/sample.ts";
import { START_SEC, syntheticDataset } from "../data/synthetic.ts";
import { MlflowServer, refusal } from "./mlflow_server.ts";

const dataset = syntheticDataset({ seed: 1, seconds: 400, r2: 0.02 });
const { manifest } = sampleContents();
const START_US = START_SEC * 1_000_000;
const basis: RunBasis = {
  feature_set: dataset.feature_set,
  set_hash: dataset.set_hash,
  parameters: { seed: 1, purge_s: null, train_share: 0.7 },
  symbol: "BTCUSDT",
  data_from_us: START_US as never,
  data_to_us: (START_US + 399_000_000) as never,
  data_rows: dataset.rows,
  data_sha256: datasetSha256(dataset),
  sources: ["synthetic"],
  code_commit: "c0ffee",
};

const progress = (epoch: number, changes: Partial<FitProgress> = {}): FitProgress => ({
  ...{ kind: "mlp", member: 1, members: 1, epochs_max: 3, best_epoch: epoch },
  record: {
    epoch,
    loss: 1 / epoch,
    validation_loss: 1.1,
    validation_r2: 0.01,
    learning_rate: 1e-3,
    took_ms: 5,
  },
  ...changes,
});

/** Keeps what it is told, as lines. */
class Listener implements RunSink {
  readonly name = "the listener";
  readonly heard: string[] = [];
  fails_at = "";
  closed = false;

  async #hear(line: string): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.fails_at && line.startsWith(this.fails_at)) throw new ForetickError("STORE_QUERY", "no");
    this.heard.push(line);
  }

  start: RunSink["start"] = ({ kind }) => this.#hear(`start ${kind}`);
  epoch: RunSink["epoch"] = (_, { epoch, member }) => this.#hear(`epoch ${member}.${epoch}`);
  end: RunSink["end"] = (_, { status, version, problem }) =>
    this.#hear(`end ${status} ${version ?? "–"}${problem ? ` ${problem}` : ""}`);
  register = async (dir: string) => {
    await this.#hear(`register ${dir}`);
    return modelVersion("ridge-v1/1");
  };
  close = async () => {
    this.closed = true;
  };
}

function recorderOf(sinks: readonly RunSink[], kinds: ("mlp" | "lstm")[] = ["mlp"]) {
  const warnings: string[] = [];
  const warn = (sentence: string) => void warnings.push(sentence);
  const recorder = new RunRecorder({ sinks, kinds, basis: () => basis, clock: systemClock, warn });
  return { recorder, warnings };
}

const mlp = (parameters = {}) => ({ kind: "mlp" as const, parameters });

describe("a training that is recorded", () => {
  it("reports everything to every sink in order: start, epochs, bundle, end", async () => {
    const listeners = [new Listener(), new Listener()];
    const { recorder, warnings } = recorderOf(listeners);
    const result = await recorder.during(async () => {
      for (const epoch of [1, 2, 3]) recorder.epoch(progress(epoch));
      recorder.finished(mlp(), manifest, "models/mlp-v1/1");
      return "done";
    });
    expect(result).toBe("done");
    for (const { heard, closed } of listeners) {
      expect(heard).toEqual([
        "start mlp",
        "epoch 1.1",
        "epoch 1.2",
        "epoch 1.3",
        "register models/mlp-v1/1",
        "end finished ridge-v1/1",
      ]);
      expect(closed).toBe(true);
    }
    expect(warnings).toEqual([]);
  });

  it("says of each model whether it was finished, stopped by hand, or failed and of what", async () => {
    const listener = new Listener();
    const first = recorderOf([listener], ["mlp", "lstm"]).recorder;
    await first.during(async () => first.finished(mlp({ ended: "aborted" }), manifest, "d"));
    expect(listener.heard.filter((line) => line.startsWith("end"))).toEqual([
      "end stopped ridge-v1/1",
      "end stopped –",
    ]);
    const other = new Listener();
    const second = recorderOf([other]).recorder;
    const failing = second.during(async () => {
      throw new ForetickError("TRAIN_DATA", "every label is zero");
    });
    expect((await rejection(failing)).message).toContain("every label is zero");
    expect(other.heard.at(-1)).toBe("end failed – TRAIN_DATA: every label is zero");
    expect(other.closed).toBe(true);
  });

  it("gives a model that was not asked for a run of its own", async () => {
    const listener = new Listener();
    const { recorder } = recorderOf([listener]);
    await recorder.during(async () => {
      recorder.finished(mlp(), manifest, "d");
      recorder.finished({ kind: "ridge", parameters: {} }, manifest, "e");
    });
    expect(listener.heard.filter((line) => line.startsWith("start"))).toEqual(["start mlp", "start ridge"]);
    expect(listener.heard.filter((line) => line.startsWith("end"))).toHaveLength(2);
  });

  it("goes on, and reports to the others, where one of them fails, and warns once", async () => {
    const [broken, sound] = [new Listener(), new Listener()];
    broken.fails_at = "epoch 1.2";
    const { recorder, warnings } = recorderOf([broken, sound]);
    await recorder.during(async () => {
      for (const epoch of [1, 2, 3]) recorder.epoch(progress(epoch));
      recorder.finished(mlp(), manifest, "d");
    });
    expect(broken.heard).toEqual(["start mlp", "epoch 1.1"]);
    expect(sound.heard).toHaveLength(6);
    expect(warnings).toEqual([
      "the listener no longer records this training, which goes on: STORE_QUERY: no",
    ]);
    expect(broken.closed).toBe(true);
  });

  it("is recorded whole where its bundle cannot be registered, and says how to do that later", async () => {
    const listener = new Listener();
    listener.fails_at = "register";
    const { recorder, warnings } = recorderOf([listener]);
    await recorder.during(async () => recorder.finished(mlp(), manifest, "models/mlp-v1/1"));
    expect(listener.heard.at(-1)).toBe("end finished –");
    expect(warnings[0]).toContain("bun run models register models/mlp-v1/1");
  });
});

describe("a dataset's hash", () => {
  it("is equal for equal rows and another for any row, time or label that differs", () => {
    const again = syntheticDataset({ seed: 1, seconds: 400, r2: 0.02 });
    expect(datasetSha256(again)).toBe(datasetSha256(dataset));
    for (const column of ["values", "y", "ts_sec"] as const) {
      const changed = { ...again, [column]: again[column].slice() };
      changed[column][changed[column].length - 1]! += 1e-9 * (changed[column].at(-1)! || 1);
      expect([column, datasetSha256(changed)]).not.toContain(datasetSha256(dataset));
    }
  });
});

describe("a training on an MLflow server", () => {
  let server: MlflowServer;
  beforeEach(() => {
    server = new MlflowServer();
  });
  afterEach(() => server.close());

  const sinkOf = (changes: Partial<ConstructorParameters<typeof MlflowSink>[0]> = {}) =>
    new MlflowSink({
      ...{ tracking_uri: `${server.url}/`, token: undefined, experiment: "foretick", clock: systemClock },
      ...changes,
    });

  it("is there with its parameters, its metrics by epoch, its scores, its version and its end", async () => {
    const { recorder, warnings } = recorderOf([sinkOf({ token: "t0ken" })]);
    await recorder.during(async () => {
      recorder.epoch(progress(1));
      recorder.epoch(progress(2));
      recorder.epoch(progress(1, { member: 2 }));
      recorder.finished(mlp({ seed: 7, epochs: 2, backend: "wasm" }), manifest, "d");
    });
    expect(warnings).toEqual([]);
    const [run] = [...server.runs.values()];
    expect(run).toMatchObject({
      experiment_id: server.experiments.get("foretick"),
      status: "FINISHED",
      params: { seed: "1", train_share: "0.7", purge_s: "null", kind: "mlp", epochs: "2", backend: "wasm" },
      tags: {
        "mlflow.source.git.commit": "c0ffee",
        "foretick.data_sha256": basis.data_sha256,
        "foretick.version": "ridge-v1/1",
      },
    });
    const told = run!.metrics.map(({ key, step }) => `${key} ${step}`);
    for (const wanted of ["loss 1", "loss 2", "member_2/loss 1", "validation_r2 2", "test/r2 0"]) {
      expect(told).toContain(wanted);
    }
    expect(run!.metrics.find(({ key }) => key === "test/r2")!.value).toBe(manifest.scores[0]!.r2);
    expect(new Set(server.authorizations)).toEqual(new Set(["Bearer t0ken"]));
    expect(run!.end_time!).toBeGreaterThanOrEqual(run!.start_time);
  });

  it("joins the experiment that is there, also where another made it a moment before", async () => {
    server.experiments.set("foretick", "42");
    let asked = 0;
    server.fault = (path) =>
      path === "experiments/get-by-name" && asked++ === 0
        ? refusal(404, "RESOURCE_DOES_NOT_EXIST")
        : undefined;
    const { recorder, warnings } = recorderOf([sinkOf()]);
    await recorder.during(async () => {});
    expect(warnings).toEqual([]);
    expect([...server.runs.values()]).toMatchObject([{ experiment_id: "42", status: "KILLED" }]);
  });

  it("leaves out what JSON cannot say, and sends more than a batch in several", async () => {
    const many = Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`p${i}`, "x".repeat(i * 10)]));
    const { recorder, warnings } = recorderOf([sinkOf()]);
    await recorder.during(async () => {
      const { record } = progress(1);
      recorder.epoch(progress(1, { record: { ...record, loss: Number.NaN } }));
      recorder.finished(mlp(many), manifest, "d");
    });
    expect(warnings).toEqual([]);
    const [run] = [...server.runs.values()];
    expect(run!.metrics.map(({ key }) => key)).not.toContain("loss");
    expect(Object.keys(run!.params).filter((key) => /^p\d/.test(key))).toHaveLength(250);
  });

  it.each([
    ["refuses", () => refusal(500, "INTERNAL_ERROR"), "was 500"],
    ["talks something else", () => new Response("<html>"), "expected JSON"],
  ])("that %s is a warning, and the training ends as it would", async (_, answer, said) => {
    server.fault = answer;
    const { recorder, warnings } = recorderOf([sinkOf()]);
    expect(await recorder.during(async () => "trained")).toBe("trained");
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(
      "the MLflow server no longer records this training, which goes on: TRACKING_REFUSED",
    );
    expect(warnings[0]).toContain(said);
  });

  it("that answers with more than is read is a warning too, and its answer is not read to the end", async () => {
    let sent = 0;
    server.fault = () =>
      new Response(
        new ReadableStream({
          pull: (controller) => {
            sent += 1 << 20;
            controller.enqueue(new Uint8Array(1 << 20));
            if (sent >= 64 << 20) controller.close();
          },
        }),
      );
    const { recorder, warnings } = recorderOf([sinkOf()]);
    expect(await recorder.during(async () => "trained")).toBe("trained");
    expect(warnings[0]).toContain(String(LIMITS.tracking_body_bytes_max));
    expect(sent).toBeLessThan(64 << 20);
  });

  it("that is not there, or never answers, is a warning too", async () => {
    const clock = new ManualClock(START_US);
    const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>();
    server.fault = () => {
      onAsked();
      return new Promise<Response>(() => {});
    };
    const silent = recorderOf([sinkOf({ clock })]);
    const trained = silent.recorder.during(async () => "trained");
    await asked;
    clock.advance(5_000);
    expect(await trained).toBe("trained");
    expect(silent.warnings[0]).toContain("did not answer within 5 s");
    const gone = recorderOf([sinkOf({ tracking_uri: "http://127.0.0.1:9" })]);
    expect(await gone.recorder.during(async () => "trained")).toBe("trained");
    expect(gone.warnings[0]).toContain("Check MLFLOW_TRACKING_URI");
  });
});
