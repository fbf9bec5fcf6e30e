/** Several models a tick: who is scored, under whose name, and that none costs another a tick. */

import { describe, expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { gold } from "../../src/features/sets/gold.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import { ModelSlot } from "../../src/model/model_slot.ts";
import type { Role } from "../../src/model/role.ts";
import { NO_WORTH, type Prediction } from "../../src/predict/prediction.ts";
import { Predictor } from "../../src/predict/predictor.ts";
import { START, second, settled, Watching } from "./ticks.ts";

const DUE_MS = 450;

/** A model that forecasts one number, on v1, ten seconds ahead where nothing else is said. */
function model(version: string, yhat = 0, { set = v1, sequence = 1, horizon_s = 10 } = {}): Watching {
  const made = new Watching(set, sequence, "mid", { version, horizon_s });
  const infer = made.infer.bind(made);
  made.infer = async (hash, values) => ({ ...(await infer(hash, values)), yhat });
  return made;
}

const failing = (version: string): Watching => {
  const made = model(version);
  made.infer = () => Promise.reject(new TypeError("torn"));
  return made;
};

class Stage {
  readonly clock = new ManualClock(START * 1_000_000);
  readonly predictions: Prediction[] = [];
  beside: ModelSlot[] = [];
  readonly champion: ModelSlot;
  readonly predictor: Predictor;

  constructor(champion: Watching, beside: readonly (readonly [Role, Watching])[] = []) {
    this.champion = new ModelSlot(champion, silentLogger);
    this.beside = beside.map(([role, one]) => new ModelSlot(one, silentLogger, role));
    const stage = this;
    this.predictor = new Predictor({
      roster: {
        champion: this.champion,
        get beside() {
          return stage.beside;
        },
      },
      clock: this.clock,
      log: silentLogger,
      deadline_ms: 200,
      grace_ms: 250,
      exchangeTime: (now_us) => now_us,
      interval_ms: 1_000,
      worth: () => NO_WORTH,
      onPrediction: (prediction) => this.predictions.push(prediction),
    });
  }

  /** Ticks of a second each, from `from`. */
  async play(count: number, from = 0): Promise<void> {
    for (let offset = from; offset < from + count; offset++) {
      this.predictor.onClosed({
        ...second(v1, offset),
        vectors: [v1, gold]
          .filter(({ cadence_s }) => (START + offset) % cadence_s === 0)
          .flatMap((set) => second(set, offset).vectors),
      });
      await this.predictor.idle();
      this.clock.advance(1_000);
    }
  }

  of(version: string): Prediction[] {
    return this.predictions.filter(({ model_version }) => model_version === version);
  }
}

const shown = ({ role, model_version, served }: Prediction): string =>
  `${role} ${model_version}${served ? " served" : ""}`;

describe("several models a tick", () => {
  it("each give their forecast under their own name and role, the champion first, which alone is served", async () => {
    const stage = new Stage(model("m/champion"), [
      ["challenger", model("m/challenger")],
      ["shadow", model("m/gold", 0, { set: gold, sequence: 3, horizon_s: 60 })],
      ["fallback", model("m/former")],
    ]);
    await stage.play(8);
    expect(stage.of("m/champion")).toHaveLength(8);
    expect(stage.predictions.slice(0, 3).map(shown)).toEqual([
      "champion m/champion served",
      "challenger m/challenger",
      "fallback m/former",
    ]);
    expect(stage.predictions.filter(({ served, role }) => served !== (role === "champion"))).toEqual([]);
    // The set of every second second, and three vectors in a row: a cadence and a horizon of its own.
    const minute = stage.of("m/gold");
    expect(minute.map(({ ts_sec }) => ts_sec - START)).toEqual([4, 6]);
    expect(minute[0]).toMatchObject({ horizon_s: 60, feature_set: "gold", role: "shadow" });
    expect(stage.predictor.counters).toMatchObject({ predictions: 8, stood_in: 0 });
    expect(stage.predictor.scorerOf({ role: "shadow" })!.counters).toMatchObject({ skipped_sequence: 2 });
  });

  it("one that never answers, one that fails and one that is late cost the others nothing, and are counted", async () => {
    const silent = model("m/silent");
    silent.infer = () => new Promise(() => {});
    const stage = new Stage(model("m/champion", 1e-5), [
      ["shadow", silent],
      ["shadow", failing("m/torn")],
      ["shadow", model("m/nan", Number.NaN)],
      ["shadow", model("m/good", 2e-5)],
    ]);
    for (let offset = 0; offset < 5; offset++) {
      stage.predictor.onClosed(second(v1, offset));
      await settled();
      // Both are given out before the silent one's time is over.
      expect(
        stage.predictions.map(({ ts_sec }) => ts_sec - START).filter((at) => at === offset),
      ).toHaveLength(2);
      stage.clock.advance(1_000);
      await stage.predictor.idle();
    }
    expect(stage.of("m/champion")).toHaveLength(5);
    expect(stage.of("m/good")).toHaveLength(5);
    expect(stage.predictions).toHaveLength(10);
    const counted = Object.fromEntries(
      stage.predictor.scorers.map(({ slot, counters }) => [slot.current.version, counters]),
    );
    expect(counted["m/silent"]).toMatchObject({ predictions: 0, skipped_deadline: 5, unanswered: 5 });
    expect(counted["m/torn"]).toMatchObject({ predictions: 0, failed: 5 });
    expect(counted["m/nan"]).toMatchObject({ predictions: 0, failed: 5 });
    expect(stage.predictor.counters).toMatchObject({ predictions: 5, failed: 0, skipped_deadline: 0 });
    expect(stage.predictor.scorerOf({ model_version: stage.beside[1]!.current.version })!.reason).toBe(
      "model m/torn failed on the last tick; see the log",
    );
  });

  it("leave the champion's forecasts as they were, to the bit", async () => {
    const alone = new Stage(model("m/champion", 1.25e-5));
    await alone.play(20);
    const crowd = (["challenger", "shadow", "shadow", "fallback"] as const).map(
      (role, at) => [role, model(`m/${at}`, at * 1e-5)] as const,
    );
    const crowded = new Stage(model("m/champion", 1.25e-5), crowd);
    await crowded.play(20);
    expect(crowded.of("m/champion")).toEqual(alone.predictions);
    expect(crowded.predictions).toHaveLength(100);
  });

  it("come and go between two ticks, and one that was just promoted is the champion and nothing beside", async () => {
    const stage = new Stage(model("m/a"));
    await stage.play(2);
    stage.beside = [new ModelSlot(model("m/b"), silentLogger, "challenger")];
    await stage.play(2, 2);
    stage.champion.swap(model("m/b"));
    await stage.play(1, 4);
    stage.beside = [new ModelSlot(model("m/a"), silentLogger, "fallback")];
    await stage.play(1, 5);
    expect(stage.predictions.map(shown)).toEqual([
      "champion m/a served",
      "champion m/a served",
      ...["champion m/a served", "challenger m/b"],
      ...["champion m/a served", "challenger m/b"],
      "champion m/b served",
      ...["champion m/b served", "fallback m/a"],
    ]);
  });
});

describe("the fallback", () => {
  it("is served in the champion's place where that fails or forecasts nonsense, under its own name", async () => {
    for (const champion of [failing("m/torn"), model("m/nan", Number.NaN), model("m/wild", 0.5)]) {
      const stage = new Stage(champion, [
        ["challenger", model("m/challenger")],
        ["fallback", model("m/former", 3e-5)],
      ]);
      await stage.play(2);
      expect(stage.predictions.map(shown)).toEqual([
        ...["challenger m/challenger", "fallback m/former served"],
        ...["challenger m/challenger", "fallback m/former served"],
      ]);
      expect(stage.predictor.counters).toMatchObject({ failed: 2, stood_in: 2 });
    }
  });

  it("is served for a champion that does not answer, once its time is over, and was ready before", async () => {
    const silent = model("m/silent");
    silent.infer = () => new Promise(() => {});
    const stage = new Stage(silent, [["fallback", model("m/former")]]);
    stage.predictor.onClosed(second(v1, 0));
    await settled();
    expect(stage.predictions).toEqual([]);
    // Half of the time: the others begin.
    stage.clock.advance(DUE_MS / 2);
    await settled();
    expect(stage.predictor.scorerOf({ role: "fallback" })!.counters.predictions).toBe(1);
    stage.clock.advance(DUE_MS / 2 + 1);
    await stage.predictor.idle();
    expect(stage.predictions.map(shown)).toEqual(["fallback m/former served"]);
    expect(stage.predictions[0]!.latency_ms).toBeLessThan(DUE_MS);
  });

  it("of another horizon, or between two of the champion's vectors, is not served", async () => {
    const other = new Stage(failing("m/torn"), [["fallback", model("m/minute", 0, { horizon_s: 60 })]]);
    await other.play(2);
    expect(other.predictions.map(shown)).toEqual(["fallback m/minute", "fallback m/minute"]);

    const rare = new Stage(model("m/gold", 0, { set: gold }), [["fallback", model("m/former")]]);
    await rare.play(4);
    expect(rare.predictions.filter(({ served }) => served).map(shown)).toEqual([
      "champion m/gold served",
      "champion m/gold served",
    ]);
    expect(rare.of("m/former")).toHaveLength(4);
  });
});
