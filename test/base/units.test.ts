import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ForetickError } from "../../src/base/errors.ts";
import { formatE8, micros, parseE8, priceE8, secondOf, setHash } from "../../src/base/units.ts";

describe("units", () => {
  it("reads any eight-place decimal exactly and writes it back as the exchange does", () => {
    fc.assert(
      fc.property(fc.integer({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }), (value) => {
        expect(parseE8("price", formatE8(value))).toBe(value === 0 ? 0 : value);
      }),
    );
  });

  it.each([
    ["61837.63000000", 6183763000000],
    ["0.00001", 1000],
    ["5", 500000000],
    ["1.", 100000000],
    ["0.123456780000", 12345678],
  ])("reads %s as %d", (text, value) => {
    expect(parseE8("qty", text)).toBe(value);
  });

  it.each(["", "-", "1e5", "0x10", "1.2.3", " 1", "0.123456789", "90071992.54740992", "NaN"])(
    "refuses %j and names the field",
    (text) => {
      expect(() => parseE8("qty", text)).toThrow(/qty/);
    },
  );

  it("refuses what an integer unit cannot hold exactly", () => {
    for (const bad of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => micros(bad)).toThrow(ForetickError);
      expect(() => priceE8(bad)).toThrow(/price_e8/);
    }
    expect(() => setHash("abc")).toThrow(/64 hex/);
  });

  it("puts an instant into the half-open second that holds it", () => {
    expect(secondOf(micros(1_999_999))).toBe(1 as never);
    expect(secondOf(micros(2_000_000))).toBe(2 as never);
  });
});
