import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { micros } from "../../../src/base/units.ts";
import { exactNumber } from "../../../src/record/sql/columns.ts";
import { microsFromText, textFromMicros } from "../../../src/record/sql/time_text.ts";

/** 0001-01-01 to 2255: every time the product can hold. */
const anyMicros = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }).map(micros);

describe("timestamptz text", () => {
  it("reads the microsecond that was written, whatever the time", () => {
    fc.assert(fc.property(anyMicros, (time) => microsFromText(textFromMicros(time)) === time));
  });

  it("agrees with the platform's calendar at every millisecond", () => {
    fc.assert(
      fc.property(anyMicros, (time) => {
        const date = new Date(Math.floor(time / 1_000)).toISOString();
        return textFromMicros(time).slice(0, 23) === `${date.slice(0, 10)} ${date.slice(11, 23)}`;
      }),
    );
  });

  it("reads what PostgreSQL writes in any time zone", () => {
    expect(microsFromText("2024-08-08 23:54:01.002003+00")).toBe(1_723_161_241_002_003);
    expect(microsFromText("2024-08-09 05:39:01.002003+05:45")).toBe(1_723_161_241_002_003);
    expect(microsFromText("2024-08-08 20:24:01.002003-03:30")).toBe(1_723_161_241_002_003);
    expect(microsFromText("1970-01-01 00:00:00+00")).toBe(0);
    expect(microsFromText("2024-02-29 12:00:00.5+00")).toBe(1_709_208_000_500_000);
  });

  it("refuses what is no instant of ours", () => {
    for (const text of [
      "infinity",
      "-infinity",
      "0044-03-15 12:00:00+00 BC",
      "2024-08-08 23:54:01",
      "",
      "1969-12-31 23:59:59+00",
    ]) {
      expect(() => microsFromText(text), text).toThrow(/expected/);
    }
  });
});

describe("int8 text", () => {
  it("reads every integer up to 2^53 − 1 exactly and refuses the next one", () => {
    fc.assert(fc.property(fc.maxSafeInteger(), (value) => exactNumber(String(value)) === value));
    expect(exactNumber("9007199254740991")).toBe(9_007_199_254_740_991);
    expect(() => exactNumber("9007199254740992")).toThrow(/2\^53/);
    expect(() => exactNumber("-9223372036854775808")).toThrow(/2\^53/);
  });
});
