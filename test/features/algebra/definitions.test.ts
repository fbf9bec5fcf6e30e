/** What a definition is refused for, and what is derived of one: its identity, its reach, its bounds. */

import { describe, expect, it } from "vitest";
import type { ForetickError } from "../../../src/base/errors.ts";
import { unixSec } from "../../../src/base/units.ts";
import * as a from "../../../src/features/algebra/build.ts";
import { lookBackOf, lookBackStart, warmUpMaxSeconds } from "../../../src/features/algebra/look_back.ts";
import { isNarrow } from "../../../src/features/algebra/operands.ts";
import { FeatureEngine } from "../../../src/features/live/engine.ts";
import { column, featureSet } from "../../../src/features/sets/feature_set.ts";
import { v1 } from "../../../src/features/sets/v1.ts";

const SYMBOL = "BTCUSDT";

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as ForetickError).code;
  }
  return "accepted";
}

describe("a definition that makes no sense is refused where it is written", () => {
  const wide = a.bar("buy_qty_e8");
  const cases: Record<string, () => unknown> = {
    "an integer plus a float": () => a.add(a.int(1), a.float(1) as never),
    "a float under toFloat": () => a.toFloat(a.float(1) as never),
    "an integer as a divisor": () => a.div(a.float(1), a.int(2) as never),
    "a float under lnr": () => a.lnr(a.float(1) as never, a.bar("close_e8")),
    "a comparison of an integer with a float": () => a.gt(a.int(1), a.float(1) as never),
    "branches of two types": () => a.when(a.gt(a.int(1), a.int(0)), a.int(1), a.float(1) as never),
    "a number as a condition": () => a.when(a.float(1) as never, a.int(1), a.int(0)),
    "a boolean summed": () => a.sum(a.gt(a.int(1), a.int(0)) as never, 5),
    "a lag into the future": () => a.lag(a.bar("n"), -1),
    "a lag of no seconds": () => a.lag(a.bar("n"), 0),
    "a window of no values": () => a.sum(a.bar("n"), 0),
    "a window of half a value": () => a.sum(a.bar("n"), 1.5),
    "a window past three days": () => a.sum(a.bar("n"), 100, 86_400),
    "a deviation of one value": () => a.stddev(a.toFloat(a.bar("n")), 1),
    "a deviation of integers": () => a.stddev(a.bar("n") as never, 5),
    "a quantile above 1": () => a.quantile(a.bar("n"), 5, 3, 2),
    "a quantile of 0": () => a.quantile(a.bar("n"), 5, 0, 2),
    "a maximum past 2^53": () => a.max(wide, 5),
    "an integer literal past 2^53": () => a.int(2 ** 53),
    "a fractional integer": () => a.int(0.5),
    "an infinite float": () => a.float(Number.POSITIVE_INFINITY),
    "23 hours": () => a.byHour(new Array(23).fill(0)),
    "a column that is not there": () => a.bar("volume" as never),
    "a divisor that is no whole number": () => a.floorDiv(a.bar("n"), 0.5),
    "an integer column": () =>
      featureSet({ name: "s", columns: [column("x", "ln", "", a.bar("n") as never)] }),
    "two columns of one name": () =>
      featureSet({
        name: "s",
        columns: [column("x", "ln", "", a.float(1)), column("x", "ln", "", a.float(2))],
      }),
    "a name SQL would have to quote": () =>
      featureSet({ name: "s", columns: [column("Ret 1s", "ln", "", a.float(1))] }),
    "a look-back past three hours": () =>
      featureSet({ name: "s", columns: [column("x", "ln", "", a.toFloat(a.sum(a.bar("n"), 10_801)))] }),
    "no columns": () => featureSet({ name: "s", columns: [] }),
  };
  for (const [name, run] of Object.entries(cases)) {
    it(name, () => expect(codeOf(run)).toBe("FEATURE_DEFINITION"));
  }
});

describe("a set's identity and reach are derived", () => {
  const ret = a.lnr(a.bar("close_e8"), a.lag(a.bar("close_e8"), 1));

  it("v1's hash is pinned: a change of meaning is a change of name", () => {
    expect(v1.hash).toBe("b97689160bac6a81b3272b3a4663e10a55b925505cf83836ed5e6f9af50d28d3");
  });

  it("rewording a sentence keeps the hash; a formula, a unit, an order or a name changes it", () => {
    const one = column("x", "ln", "a", ret);
    const two = column("y", "count", "b", a.toFloat(a.bar("n")));
    const base = featureSet({ name: "s", columns: [one, two] });
    const reworded = featureSet({ name: "s", columns: [{ ...one, sentence: "other words" }, two] });
    const others = [
      featureSet({ name: "s2", columns: [one, two] }),
      featureSet({ name: "s", columns: [two, one] }),
      featureSet({ name: "s", columns: [{ ...one, unit: "bp" }, two] }),
      featureSet({ name: "s", columns: [{ ...one, name: "z" }, two] }),
      featureSet({ name: "s", columns: [{ ...one, expr: a.lag(ret, 1) }, two] }),
      featureSet({ name: "s", cadence_s: 2, columns: [one, two] }),
    ];
    expect(reworded.hash).toBe(base.hash);
    expect(new Set([base, ...others].map((set) => set.hash)).size).toBe(7);
  });

  it("v1 looks back 61 seconds and one complete block, over trades and quotes", () => {
    expect(v1.look_back).toEqual({ window_s: 61, blocks: [{ block_s: 300, lag_s: 0 }] });
    expect(v1.sources).toEqual(["trades", "quotes"]);
    expect(warmUpMaxSeconds(v1.look_back)).toBe(600);
    expect([900, 1_199, 1_200].map((t) => lookBackStart(v1.look_back, t))).toEqual([600, 600, 900]);
  });

  it("lags and windows add up along the deepest path", () => {
    expect(lookBackOf(a.stddev(ret, 10)).window_s).toBe(11);
    expect(lookBackOf(a.lag(a.sum(a.bar("n"), 5, 60), 7)).window_s).toBe(1 + 4 * 60 + 7);
    expect(lookBackOf(a.lag(a.blockQuantile(300, 1, 2), 7)).blocks).toEqual([{ block_s: 300, lag_s: 7 }]);
  });

  it("bounds are proven: a price difference stays a number, a product does not", () => {
    const [bid, ask] = [a.bar("bid_price_e8"), a.bar("ask_price_e8")];
    expect(isNarrow(a.sub(ask, bid).type)).toBe(true);
    expect(isNarrow(a.add(ask, bid).type)).toBe(false);
    expect(isNarrow(a.sub(a.sub(ask, bid), bid).type)).toBe(false);
    expect(isNarrow(a.sum(a.bar("n"), 3_600).type)).toBe(true);
    expect(isNarrow(a.mul(ask, a.bar("n")).type)).toBe(false);
  });

  it("a set of another cadence gives a vector only where it is due", () => {
    const slow = featureSet({ name: "slow", cadence_s: 2, columns: [column("x", "ln", "", ret)] });
    const engine = new FeatureEngine({ symbol: SYMBOL, sets: [v1, slow], data_from_sec: 1_000 });
    const names = [1_000, 1_001, 1_002].map((sec) =>
      engine.closeSecond(unixSec(sec)).map((vector) => vector.feature_set),
    );
    expect(names).toEqual([["v1"], ["v1", "slow"], ["v1"]]);
  });
});
