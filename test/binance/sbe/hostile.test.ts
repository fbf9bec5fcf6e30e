import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ERROR_TABLE } from "../../../src/base/errors.ts";
import { type DecodeResult, decodeFrame } from "../../../src/binance/sbe/decode.ts";
import { encodeMessage } from "../../../src/binance/sbe/encode.ts";
import { bytesOf, vectors } from "./vectors.ts";

const one_trade = encodeMessage({
  kind: "trades",
  event_time_us: 1_726_700_000_000_000,
  transact_time_us: 1_726_700_000_000_000,
  price_exponent: -8,
  qty_exponent: -8,
  trades: [{ id: 700_000_001, price: 5_978_655_000_000, qty: 12_345_000, is_buyer_maker: true }],
  symbol: "BTCUSDT",
});

const frames = [
  ...[...vectors.official, ...vectors.evolution].map(({ name, hex }) => ({ name, frame: bytesOf(hex) })),
  { name: "one trade", frame: one_trade },
];

/** What every answer must be, whatever the bytes. */
function isCleanAnswer(result: DecodeResult): boolean {
  if (result.ok) return result.message.symbol.length <= 255;
  if (result.reason === "unknown_template") return result.template_id < 10_000 || result.template_id > 10_003;
  return result.error.code.startsWith("SBE_") && result.error.code in ERROR_TABLE;
}

describe("decodeFrame on damaged frames", () => {
  it.each(frames)("refuses every prefix of $name", ({ name, frame }) => {
    for (let length = 0; length < frame.length; length++) {
      const result = decodeFrame(frame.subarray(0, length));
      // A later version's variable data may be cut without this version's fields being touched, and of an
      // unknown template nothing but the header is read.
      const readable = name === "trades_v1_extended_root_group_extra_vardata" && length >= 114;
      const known = name !== "unknown_template_10004" || length < 8;
      const expected = readable ? "decoded" : known ? "SBE_TRUNCATED" : "unknown_template";
      const found = result.ok ? "decoded" : result.reason === "malformed" ? result.error.code : result.reason;
      expect(`${length}: ${found}`).toBe(`${length}: ${expected}`);
    }
  });

  it.each(frames)(
    "decodes $name or gives a typed error for all 255 other values of every byte",
    ({ frame }) => {
      const unclean: string[] = [];
      const mutant = frame.slice();
      for (let at = 0; at < frame.length; at++) {
        for (let value = 0; value < 256; value++) {
          if (value === frame[at]) continue;
          mutant[at] = value;
          if (!isCleanAnswer(decodeFrame(mutant))) unclean.push(`byte ${at} = ${value}`);
        }
        mutant[at] = frame[at]!;
      }
      expect(unclean).toEqual([]);
    },
  );

  it("answers any bytes behind any header of the schema", () => {
    const header = fc.record({
      block: fc.oneof(fc.constantFrom(18, 26, 50), fc.nat(0xffff)),
      template: fc.integer({ min: 9_999, max: 10_005 }),
      version: fc.constantFrom(0, 1, 0xffff),
    });
    const property = fc.property(header, fc.uint8Array({ maxLength: 400 }), (head, body) => {
      const frame = new Uint8Array(8 + body.length);
      const view = new DataView(frame.buffer);
      view.setUint16(0, head.block, true);
      view.setUint16(2, head.template, true);
      view.setUint16(4, 1, true);
      view.setUint16(6, head.version, true);
      frame.set(body, 8);
      expect(isCleanAnswer(decodeFrame(frame))).toBe(true);
    });
    fc.assert(property, { numRuns: 2_000 });
  });

  it("answers for one trade as for any number, whatever byte is wrong", () => {
    // At version 1 a frame never takes the way of the single trade; version 0 must say the same.
    const answer = (frame: Uint8Array, version: number): unknown => {
      const copy = frame.slice();
      copy[6] = version;
      const result = decodeFrame(copy);
      if (result.ok) return result.message;
      return result.reason === "malformed" ? result.error.code : result.template_id;
    };
    const differing: string[] = [];
    for (let at = 0; at < one_trade.length; at++) {
      if (at === 6) continue;
      for (let value = 0; value < 256; value++) {
        const mutant = one_trade.slice();
        mutant[at] = value;
        const [here, there] = [answer(mutant, 0), answer(mutant, 1)];
        if (here !== "SBE_TRAILING_BYTES" && !Bun.deepEquals(here, there)) differing.push(`${at} = ${value}`);
      }
    }
    expect(differing).toEqual([]);
  });

  it("refuses a count of a million trades without making room for them", () => {
    const frame = bytesOf(vectors.official.find((vector) => vector.name === "trades_empty")!.hex);
    new DataView(frame.buffer).setUint32(28, 1_000_000, true);
    const result = decodeFrame(frame);
    expect(!result.ok && result.reason === "malformed" && result.error.code).toBe("SBE_TRUNCATED");
  });
});
