import { describe, expect, it } from "vitest";
import { ForetickError } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/log.ts";
import { modelVersion } from "../../src/base/units.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import type { Inference, Model } from "../../src/model/model.ts";
import { ModelSlot } from "../../src/model/model_slot.ts";

/** A model whose inferences end when the test says so, and which notes when it is closed. */
class SlowModel implements Model {
  readonly feature_set = v1.name;
  readonly set_hash = v1.hash;
  readonly horizon_s = 10;
  readonly label = "mid";
  readonly sequence_length = 1;
  readonly counters = { inferences: 0, fallbacks: 0, unanswered: 0, last_error: "" };
  readonly version;
  closes = 0;
  under_way = 0;
  #finish: (() => void)[] = [];

  constructor(version: string) {
    this.version = modelVersion(version);
  }

  infer(): Promise<Inference> {
    this.under_way++;
    return new Promise((resolve) => {
      this.#finish.push(() => {
        this.under_way--;
        resolve({ yhat: this.closes, source: "onnx" });
      });
    });
  }

  finishAll(): void {
    for (const finish of this.#finish.splice(0)) finish();
  }

  async close(): Promise<void> {
    expect(this.under_way).toBe(0);
    this.closes++;
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("the model slot", () => {
  it("gives a tick one model for its whole length, and the next tick the new one", () => {
    const [first, second] = [new SlowModel("a/1"), new SlowModel("a/2")];
    const slot = new ModelSlot(first, silentLogger);
    const before = slot.acquire();
    slot.swap(second);
    const after = slot.acquire();
    expect(before.model).toBe(first);
    expect(after.model).toBe(second);
    expect(slot.current.version).toBe("a/2");
    expect(slot.swaps).toBe(1);
  });

  it("closes the old model once, after its last inference and not before", async () => {
    const [first, second] = [new SlowModel("a/1"), new SlowModel("a/2")];
    const slot = new ModelSlot(first, silentLogger);
    const leases = [slot.acquire(), slot.acquire()];
    const answers = leases.map(async ({ model, release }) => {
      const answer = await model.infer(v1.hash, new Float64Array());
      release();
      release();
      return answer;
    });
    slot.swap(second);
    await settled();
    expect([first.closes, slot.retiring]).toEqual([0, 1]);
    first.finishAll();
    expect((await Promise.all(answers)).map(({ yhat }) => yhat)).toEqual([0, 0]);
    await settled();
    expect([first.closes, second.closes, slot.retiring]).toEqual([1, 0, 0]);
    await slot.close();
    await slot.close();
    expect([first.closes, second.closes]).toEqual([1, 1]);
  });

  it("closes at once a model without a lease, through any number of swaps", async () => {
    const models = Array.from({ length: 5 }, (_, i) => new SlowModel(`a/${i}`));
    const slot = new ModelSlot(models[0]!, silentLogger);
    for (const model of models.slice(1)) slot.swap(model);
    await settled();
    expect(models.map(({ closes }) => closes)).toEqual([1, 1, 1, 1, 0]);
    await slot.close();
    expect(models.map(({ closes }) => closes)).toEqual([1, 1, 1, 1, 1]);
  });

  it("waits, closing, for the tick under way, and refuses leases and swaps afterwards", async () => {
    const model = new SlowModel("a/1");
    const slot = new ModelSlot(model, silentLogger);
    const lease = slot.acquire();
    let closed = false;
    const closing = slot.close().then(() => {
      closed = true;
    });
    await settled();
    expect([closed, model.closes]).toEqual([false, 0]);
    for (const refused of [() => slot.acquire(), () => slot.swap(new SlowModel("a/2"))]) {
      expect(refused).toThrow(ForetickError);
    }
    lease.release();
    await closing;
    expect(model.closes).toBe(1);
  });

  it("keeps serving the new model where the old one does not close", async () => {
    const broken = new SlowModel("a/1");
    broken.close = () => Promise.reject(new ForetickError("MODEL_OUTPUT", "expected to close, did not"));
    const slot = new ModelSlot(broken, silentLogger);
    slot.swap(new SlowModel("a/2"));
    await settled();
    expect(slot.acquire().model.version).toBe("a/2");
    expect(slot.retiring).toBe(0);
  });
});
