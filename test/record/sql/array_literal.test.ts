import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { floatsOf } from "../../../src/record/market_rows.ts";
import { floatsLiteral, floatText, textsLiteral } from "../../../src/record/sql/array_literal.ts";

const bits = (values: Float64Array): string => Buffer.from(values.buffer).toString("hex");
const anyFloat = fc.double({ noNaN: true });

describe("array literals", () => {
  it("carry every float64 to the bit, and null for NaN", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(anyFloat, fc.constant(Number.NaN))), (values) => {
        const vector = Float64Array.from(values);
        return bits(floatsOf(floatsLiteral(vector))) === bits(vector);
      }),
    );
    expect(floatsLiteral(Float64Array.of(-0, Number.NaN, 5e-324, Number.POSITIVE_INFINITY))).toBe(
      "{-0,NULL,5e-324,Infinity}",
    );
  });

  it("write the sign of zero, which String does not", () => {
    expect(floatText(-0)).toBe("-0");
    expect(floatText(0)).toBe("0");
  });

  it("quote every text, so that no comma, brace, quote or NULL inside one ends it", () => {
    const cells = ["a,b", '{"x"}', "\\", "NULL", "", null];
    expect(textsLiteral(cells, 0, cells.length)).toBe('{"a,b","{\\"x\\"}","\\\\","NULL","",NULL}');
    expect(textsLiteral(cells, 3, 4)).toBe('{"NULL"}');
  });
});
