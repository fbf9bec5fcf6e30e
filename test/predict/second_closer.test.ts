import { describe, expect, it } from "vitest";
import { type Micros, micros, startOf, unixSec } from "../../src/base/units.ts";
import { ClockOffset } from "../../src/binance/belief/clock_offset.ts";
import type { StreamName } from "../../src/binance/events.ts";
import { SecondCloser } from "../../src/predict/lane/second_closer.ts";

const SEC = 1_700_000_000;
const at = (offset_ms: number) => micros(SEC * 1_000_000 + offset_ms * 1_000);

const STREAMS: readonly StreamName[] = ["trade", "bestBidAsk"];

/** A closer and the clocks' distance, which learns from the same events. */
class Closer extends SecondCloser<StreamName> {
  readonly #clock: ClockOffset;

  constructor(clock = new ClockOffset(STREAMS.length)) {
    super({ streams: STREAMS, grace_ms: 250, clock });
    this.#clock = clock;
  }

  override observe(stream: StreamName, ts_us: Micros, received_us: Micros): void {
    const index = STREAMS.indexOf(stream);
    if (index >= 0) this.#clock.observe(index, received_us - ts_us, received_us);
    super.observe(stream, ts_us, received_us);
  }
}

const closer = (): Closer => new Closer();

describe("the second's close", () => {
  it("waits until every subscribed stream has passed the second's end", () => {
    const seconds = closer();
    seconds.observe("bestBidAsk", at(1_000), at(1_005));
    expect(seconds.closedByEvents()).toBeLessThan(SEC);
    seconds.observe("trade", at(999), at(1_006));
    expect(seconds.closedByEvents()).toBeLessThan(SEC);
    seconds.observe("trade", at(1_000), at(1_007));
    expect(seconds.closedByEvents()).toBe(SEC);
  });

  it("stops waiting for a quiet stream when the leading one is the grace past the end", () => {
    const seconds = closer();
    seconds.observe("trade", at(400), at(405));
    seconds.observe("bestBidAsk", at(1_249), at(1_254));
    expect(seconds.closedByEvents()).toBeLessThan(SEC);
    seconds.observe("bestBidAsk", at(1_250), at(1_255));
    expect(seconds.closedByEvents()).toBe(SEC);
  });

  it("closes on the wall clock where all streams are quiet, corrected by the distance of the clocks", () => {
    const seconds = closer();
    // The local clock runs 1.27 s behind the exchange; the smallest delay that two streams have had decides.
    seconds.observe("trade", at(500), at(500 - 1_270 + 40));
    seconds.observe("bestBidAsk", at(600), at(600 - 1_270 + 3));
    const deadline = seconds.clockDeadline(unixSec(SEC));
    expect(deadline).toBe(startOf(SEC + 1) + (-1_270 + 40 + 250) * 1_000);
    expect(seconds.closedByClock(micros(deadline - 1))).toBeLessThan(SEC);
    expect(seconds.closedByClock(micros(deadline))).toBe(SEC);
  });

  it("lets no event from before a disconnect close a second after it", () => {
    const seconds = closer();
    seconds.observe("trade", at(1_100), at(1_100));
    seconds.observe("bestBidAsk", at(1_100), at(1_100));
    seconds.disconnected();
    expect(seconds.closedByEvents()).toBe(Number.NEGATIVE_INFINITY);
    seconds.observe("bestBidAsk", at(5_000), at(5_000));
    // One stream is back; the other may still deliver the same second within the grace.
    expect(seconds.closedByEvents()).toBeLessThan(SEC + 4);
  });

  it("closes nothing by the clock before any event has given the exchange's time", () => {
    expect(closer().closedByClock(at(10_000))).toBe(Number.NEGATIVE_INFINITY);
    expect(closer().clockDeadline(unixSec(SEC))).toBe(Number.POSITIVE_INFINITY);
  });

  it("ignores streams that were not asked for", () => {
    const seconds = closer();
    seconds.observe("depth", at(60_000), at(60_000));
    expect(seconds.closedByEvents()).toBe(Number.NEGATIVE_INFINITY);
  });

  it("is not closed early by one event alone, in time or in what it says of the clocks", () => {
    const seconds = closer();
    for (let ms = 0; ms < 5_000; ms += 100) {
      seconds.observe("trade", at(ms), at(ms + 5));
      seconds.observe("bestBidAsk", at(ms), at(ms + 5));
    }
    seconds.observe("bestBidAsk", at(5_900), at(5_005));
    expect(seconds.closedByEvents()).toBe(SEC + 3);
    expect(seconds.clockDeadline(unixSec(SEC + 4))).toBe(startOf(SEC + 5) + 255_000);
    seconds.observe("trade", at(5_000), at(5_005));
    expect(seconds.closedByEvents()).toBe(SEC + 4);
  });

  it("follows the clocks when they drift apart, within a minute", () => {
    const seconds = closer();
    seconds.observe("trade", at(0), at(0));
    for (let ms = 0; ms <= 70_000; ms += 1_000) seconds.observe("trade", at(ms), at(ms + 500));
    expect(seconds.clockDeadline(unixSec(SEC + 70))).toBe(startOf(SEC + 71) + 750_000);
  });
});
