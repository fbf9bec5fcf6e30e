import { describe, expect, it } from "vitest";
import { wallClock } from "../../src/base/clock.ts";

/** A machine whose wall clock shows whole milliseconds and can be set; times in µs. */
class Machine {
  true_us = 1_700_000_000_000_400;
  readonly #started_us = this.true_us;
  set_by_us = 0;
  readonly now = wallClock({
    wall: () => Math.floor((this.true_us + this.set_by_us) / 1_000),
    monotonic: () => (this.true_us - this.#started_us) / 1_000,
  });
}

describe("the wall clock", () => {
  it("runs to the microsecond and never backwards, within a millisecond of the machine's", () => {
    const machine = new Machine();
    let before_us = 0;
    for (let step = 0; step < 2_000; step++) {
      machine.true_us += 37;
      const now_us = machine.now();
      expect(now_us).toBeGreaterThan(before_us);
      expect(Math.abs(now_us - machine.true_us)).toBeLessThanOrEqual(1_000);
      before_us = now_us;
    }
  });

  it("follows at once when it is set, ahead or back, for the life of the process", () => {
    const machine = new Machine();
    machine.now();
    for (const set_by_us of [299_000_000, 0, -5_000_000]) {
      machine.set_by_us = set_by_us;
      for (let step = 0; step < 100; step++) {
        machine.true_us += 1_003;
        expect(Math.abs(machine.now() - machine.true_us - set_by_us)).toBeLessThanOrEqual(1_000);
      }
    }
  });

  it("follows where it drifts from the monotonic clock", () => {
    const machine = new Machine();
    for (let step = 0; step < 1_000; step++) {
      machine.true_us += 100_000;
      machine.set_by_us += 50; // 500 ppm
      expect(Math.abs(machine.now() - machine.true_us - machine.set_by_us)).toBeLessThanOrEqual(3_000);
    }
  });
});
