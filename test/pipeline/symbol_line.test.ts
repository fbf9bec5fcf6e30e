import { describe, expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { fail } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/log.ts";
import { micros, updateId } from "../../src/base/units.ts";
import type { DepthDiffEvent, DepthSnapshotEvent } from "../../src/binance/events.ts";
import { v1 } from "../../src/features/v1.ts";
import { ModelSlot } from "../../src/model/model_slot.ts";
import { ZeroModel } from "../../src/model/zero_model.ts";
import { SymbolLine } from "../../src/symbol_line.ts";

const symbol = "BTCUSDT";
const START_US = 1_700_000_100_000_000;
const levels = (price: number) => Float64Array.of(price * 1e8, 1e8);

function diff(id: number): DepthDiffEvent {
  const ids = { first_update_id: updateId(id), last_update_id: updateId(id) };
  const times = { ts_us: micros(START_US + id), received_us: micros(START_US + id) };
  return { kind: "depth_diff", symbol, ...times, ...ids, bids: levels(100), asks: levels(101) };
}

function snapshot(id: number): DepthSnapshotEvent {
  const times = { ts_us: micros(0), received_us: micros(START_US) };
  const book = { bids: levels(100), asks: levels(101) };
  return { kind: "depth_snapshot", symbol, update_id: updateId(id), ...times, ...book };
}

/** A line at an exchange whose snapshots stand at `ids`, one a question, and which knows of no trade. */
function lineAt(ids: number[]) {
  const clock = new ManualClock(START_US);
  const asked_at_us: number[] = [];
  const line = new SymbolLine({
    ...{ symbol, sets: [v1], streams: ["trade", "bestBidAsk", "depth"], clock, log: silentLogger },
    ...{ grace_ms: 250, deadline_ms: 100, interval_ms: 1_000 },
    slot: new ModelSlot(new ZeroModel(v1), silentLogger),
    rest: {
      depth: async () => {
        asked_at_us.push(clock.monotonicUs());
        const id = ids.shift();
        return id === undefined ? fail("REST_UNREACHABLE", "no answer") : snapshot(id);
      },
      serverTime: async () => clock.now(),
      trades: async () => [],
      historicalTrades: async () => [],
      async *tradesBetween() {},
    },
    writer: {
      ...{ trade() {}, quote() {}, disconnect() {}, book() {}, features() {}, prediction() {}, outcome() {} },
      flush: async () => {},
    },
    history: {
      async *tradesSince() {},
      async *quotesSince() {},
      lastQuote: async () => undefined,
      lastVectorAt: async () => undefined,
      disconnectsSince: async () => [],
    },
    onPrediction: () => {},
    onOutcome: () => {},
  });
  return { line, clock, asked_at_us };
}

/** Everything that only waits for promises has happened. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("a symbol's line", () => {
  it("asks for the book again where the snapshot is older than the diffs it kept", async () => {
    const { line, asked_at_us } = lineAt([5, 6, 100]);
    line.onEvent(diff(100));
    await settled();
    expect(asked_at_us).toHaveLength(3);
    expect(line.book.counters.snapshots_too_old).toBe(2);
    expect(line.book.state.name).toBe("synced");
    await line.close();
  });

  it("waits between its questions where snapshots stay too old, and after one that failed", async () => {
    const { line, clock, asked_at_us } = lineAt([5, 6, 7, 8]);
    line.onEvent(diff(100));
    await settled();
    expect(asked_at_us).toHaveLength(3);
    clock.advance(5_000);
    await settled();
    clock.advance(5_000);
    await settled();
    clock.advance(5_000);
    await settled();
    expect(asked_at_us).toEqual([0, 0, 0, 5e6, 10e6, 15e6]);
    await line.close();
    clock.advance(60_000);
    await settled();
    expect(asked_at_us).toHaveLength(6);
  });
});
