import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { orderStatistic } from "../../../src/train/data/order_statistic.ts";

describe("order statistic", () => {
  it("is what stands there in the sorted values, whatever their signs and sizes", () => {
    const values = fc.array(fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(0, -0, 1, -1)), {
      minLength: 1,
    });
    fc.assert(
      fc.property(values, fc.nat(), (numbers, at) => {
        const index = at % numbers.length;
        const found = orderStatistic((take) => numbers.forEach(take), index);
        expect(found).toBe(Float64Array.from(numbers).sort()[index]);
      }),
    );
  });

  it("is no number where there are not as many values", () => {
    expect(orderStatistic(() => {}, 0)).toBeNaN();
    expect(orderStatistic((take) => take(1), 1)).toBeNaN();
  });
});
