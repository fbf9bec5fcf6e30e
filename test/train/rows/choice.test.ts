/** Set and label are chosen by what the data hold, unless they are asked for. */

import { describe, expect, it } from "vitest";
import { gold } from "../../../src/features/sets/gold.ts";
import { trades } from "../../../src/features/sets/trades.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { chooseInputs } from "../../../src/train/rows/choice.ts";

const minutes = (quoted: number, traded = 1_000) => ({ quoted, traded, unit: "minutes" });

describe("set and label", () => {
  it("are v1 and the mid where quotes cover the range, trades and the last price where they do not", () => {
    expect(chooseInputs(minutes(1_000), {})).toMatchObject({ set: v1, label: "mid" });
    expect(chooseInputs(minutes(950), {})).toMatchObject({ set: v1, label: "mid" });
    expect(chooseInputs(minutes(949), {})).toMatchObject({ set: trades, label: "last" });
    expect(chooseInputs(minutes(0), {})).toMatchObject({ set: trades, label: "last" });
  });

  it("say which was taken and why", () => {
    expect(chooseInputs(minutes(300, 43_200), {}).sentence).toBe(
      "set trades, label last, the price of the last trade: quotes cover 300 of 43,200 minutes with trades",
    );
    expect(chooseInputs(minutes(1_000), { label: "last" }).sentence).toBe(
      "set v1, label last, the price of the last trade (as asked): quotes cover 1,000 of 1,000 minutes with trades",
    );
  });

  it("are what is asked for", () => {
    expect(chooseInputs(minutes(1_000), { set: gold, label: "last" })).toMatchObject({
      set: gold,
      label: "last",
    });
    expect(chooseInputs(minutes(100), { label: "mid" })).toMatchObject({ set: v1, label: "mid" });
    expect(chooseInputs(minutes(100), { set: trades, label: "mid" })).toMatchObject({
      set: trades,
      label: "mid",
    });
  });

  it("are refused in one sentence where they need quotes and there are none", () => {
    expect(() => chooseInputs(minutes(0), { label: "mid" })).toThrow(/label mid expected quotes/);
    expect(() => chooseInputs(minutes(0), { set: v1 })).toThrow(/set v1 expected quotes, .*--set trades/);
  });
});
