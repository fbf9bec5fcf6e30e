import { describe, expect, it } from "vitest";
import { ForetickError } from "../../../src/base/errors.ts";
import type { Int64 } from "../../../src/base/units.ts";
import { createDecodeSlots, type DecodeResult, decodeFrame } from "../../../src/binance/sbe/decode.ts";
import { encodeMessage } from "../../../src/binance/sbe/encode.ts";
import type { BestBidAskMessage, SbeMessage, WireLevels } from "../../../src/binance/sbe/messages.ts";
import { bytesOf, vectorNamed, vectors } from "./vectors.ts";

function decoded(frame: Uint8Array): SbeMessage {
  const result = decodeFrame(frame);
  if (!result.ok) throw new TypeError(`was refused: ${JSON.stringify(result)}`);
  return result.message;
}

function codeOf(result: DecodeResult): string {
  if (result.ok) return "decoded";
  return result.reason === "malformed" ? result.error.code : result.reason;
}

/** A message in the words of the fixture: Binance's field names, integers as text. */
function inFixtureWords(message: SbeMessage): Record<string, unknown> {
  const levels = (flat: WireLevels) =>
    Array.from({ length: flat.length / 2 }, (_, i) => ({
      price: String(flat[2 * i]),
      qty: String(flat[2 * i + 1]),
    }));
  const shared = {
    eventTime: String(message.event_time_us),
    priceExponent: message.price_exponent,
    qtyExponent: message.qty_exponent,
    symbol: message.symbol,
  };
  switch (message.kind) {
    case "trades": {
      const trades = message.trades.map((trade) => ({
        id: String(trade.id),
        price: String(trade.price),
        qty: String(trade.qty),
        isBuyerMaker: trade.is_buyer_maker ? 1 : 0,
        isBestMatch: 1,
      }));
      return { ...shared, transactTime: String(message.transact_time_us), trades };
    }
    case "best_bid_ask":
      return {
        ...shared,
        bookUpdateId: String(message.book_update_id),
        bidPrice: String(message.bid_price),
        bidQty: String(message.bid_qty),
        askPrice: String(message.ask_price),
        askQty: String(message.ask_qty),
      };
    case "depth_snapshot":
      return {
        ...shared,
        bookUpdateId: String(message.book_update_id),
        bids: levels(message.bids),
        asks: levels(message.asks),
      };
    case "depth_diff":
      return {
        ...shared,
        firstBookUpdateId: String(message.first_book_update_id),
        lastBookUpdateId: String(message.last_book_update_id),
        bids: levels(message.bids),
        asks: levels(message.asks),
      };
  }
}

/** The fixture writes some integers as numbers, some as text. */
function textual(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((entry) => textual(entry));
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([name]) => !name.startsWith("_"));
    return Object.fromEntries(entries.map(([name, entry]) => [name, textual(entry, name)]));
  }
  const stays = ["priceExponent", "qtyExponent", "isBuyerMaker", "isBestMatch"].includes(key);
  return stays ? value : String(value);
}

describe("decodeFrame on the official frames", () => {
  it.each(vectors.official)("reads every field of $name", ({ hex, expect: expected }) => {
    expect(inFixtureWords(decoded(bytesOf(hex)))).toEqual(textual(expected));
  });

  it.each(vectors.official)("is undone by encodeMessage, byte for byte, for $name", ({ hex }) => {
    expect(encodeMessage(decoded(bytesOf(hex))).toHex()).toBe(hex);
  });

  it.each(vectors.official)("reads $name where it is at an odd offset of a larger buffer", ({ hex }) => {
    const frame = bytesOf(hex);
    const larger = new Uint8Array(frame.length + 11).fill(0xab);
    larger.set(frame, 3);
    expect(decoded(larger.subarray(3, 3 + frame.length))).toEqual(decoded(frame));
  });

  it("gives int64s beyond 2^53 exactly, as bigints, and safe ones as numbers", () => {
    const message = decoded(vectorNamed("bba_over_2p53"));
    if (message.kind !== "best_bid_ask") throw new TypeError(message.kind);
    const values: Int64[] = [message.bid_price, message.bid_qty, message.ask_price, message.ask_qty];
    expect(values).toEqual([9007199254740993n, 9223372036854775807n, -1, -9223372036854775807n]);
  });
});

describe("decodeFrame on what a later schema version may write", () => {
  const known = vectors.evolution.filter((vector) => !("unknown" in vector.expect));

  it.each(known)("reads the known fields of $name", ({ hex, expect: expected }) => {
    const result = decodeFrame(bytesOf(hex));
    expect(result.ok && inFixtureWords(result.message)).toEqual(textual(expected));
    expect(result.ok && result.version).toBe(1);
  });

  it("steps over a template it does not know, and names it", () => {
    const result = decodeFrame(vectorNamed("unknown_template_10004"));
    expect(result).toEqual({ ok: false, reason: "unknown_template", template_id: 10_004, version: 0 });
  });

  it("takes trailing bytes at version 1 that it refuses at version 0", () => {
    const frame = new Uint8Array([...vectorNamed("bba_eth"), 1, 2]);
    expect(codeOf(decodeFrame(frame))).toBe("SBE_TRAILING_BYTES");
    frame[6] = 1;
    expect(decodeFrame(frame)).toMatchObject({ ok: true, version: 1, message: { symbol: "ETHUSDT" } });
  });
});

describe("decodeFrame on malformed frames", () => {
  const CODES: Readonly<Record<string, string>> = {
    truncated: "SBE_TRUNCATED",
    "wrong schema": "SBE_SCHEMA",
    "short root block": "SBE_BLOCK_LENGTH",
    "trailing bytes (policy: count, tolerate or reject)": "SBE_TRAILING_BYTES",
  };

  it.each(vectors.malformed)("refuses $name: $expect", ({ hex, expect: why }) => {
    expect(codeOf(decodeFrame(bytesOf(hex)))).toBe(CODES[why]);
  });

  it.each(vectors.real_captured_prefixes)("refuses the captured prefix $name", ({ name, hex }) => {
    const whole_header = name.endsWith("first32");
    expect(codeOf(decodeFrame(bytesOf(hex)))).toBe(whole_header ? "SBE_TRUNCATED" : "SBE_SCHEMA");
  });

  it("finds in the captured prefixes, completed, what was captured", () => {
    const quote = vectorNamed("bba_realprefix");
    const diff = vectorNamed("diff_realprefix");
    const trades = bytesOf(`1200102701000000${vectors.real_captured_prefixes[2]!.hex}${"01".repeat(24)}0000`);
    const prefixes = vectors.real_captured_prefixes;
    expect(quote.subarray(0, 32).toHex()).toBe(prefixes[0]!.hex);
    expect(diff.subarray(0, 32).toHex()).toBe(prefixes[1]!.hex);
    expect(decoded(trades)).toMatchObject({
      kind: "trades",
      event_time_us: 1_759_737_767_354_941,
      transact_time_us: 1_759_737_767_354_588,
      price_exponent: -8,
      trades: [{ is_buyer_maker: false }],
    });
  });

  it("names block, expectation and find in the message of an error", () => {
    const result = decodeFrame(
      bytesOf(vectors.malformed.find((v) => v.name === "root_block_too_short")!.hex),
    );
    if (result.ok || result.reason !== "malformed") throw new TypeError("was not refused");
    expect(result.error).toBeInstanceOf(ForetickError);
    expect(result.error.message).toBe("root block expected at least 26 bytes, was 25");
    expect(result.error.remedy).toBe("drop_frame");
  });

  it("refuses a count of trades beyond the schema's largest, and one the frame cannot hold", () => {
    const frame = vectorNamed("trades_2");
    const view = new DataView(frame.buffer);
    view.setUint32(28, 0xffff_ffff, true);
    expect(codeOf(decodeFrame(frame))).toBe("SBE_GROUP_COUNT");
    view.setUint32(28, 0x7fff_ffff, true);
    expect(codeOf(decodeFrame(frame))).toBe("SBE_TRUNCATED");
  });

  it("refuses a boolean that is neither, a short group entry and a symbol that is no UTF-8", () => {
    const frame = vectorNamed("trades_2");
    frame[56] = 255;
    expect(codeOf(decodeFrame(frame))).toBe("SBE_VALUE");
    const short = vectorNamed("trades_2");
    short[26] = 24;
    expect(codeOf(decodeFrame(short))).toBe("SBE_BLOCK_LENGTH");
    const symbol = vectorNamed("bba_eth");
    symbol[59] = 0xff;
    expect(codeOf(decodeFrame(symbol))).toBe("SBE_VALUE");
  });
});

describe("decodeFrame on symbols", () => {
  const quote = (symbol: string): Uint8Array =>
    encodeMessage({ ...(decoded(vectorNamed("bba_eth")) as BestBidAskMessage), symbol });

  it("keeps apart symbols that differ in one place only, however long", () => {
    const symbols = ["", "A", "B", "BTCUSDT", "BTCUSDC", "ETCUSDT", "1000SHIBAUSDT", "1000SHIBBUSDT"];
    const frames = [...symbols, ...symbols.toReversed()].map(quote);
    expect(frames.map((frame) => decoded(frame).symbol)).toEqual([...symbols, ...symbols.toReversed()]);
  });

  it("loses nothing when the memory of an earlier frame is written over", () => {
    const memory = Buffer.from(quote("1000SHIBCUSDT"));
    expect(decoded(memory).symbol).toBe("1000SHIBCUSDT");
    memory.set(quote("1000SHIBDUSDT"));
    expect(decoded(memory).symbol).toBe("1000SHIBDUSDT");
    expect(decoded(quote("1000SHIBCUSDT")).symbol).toBe("1000SHIBCUSDT");
  });

  it("keeps a byte order mark, which is a character like any other here", () => {
    expect(decoded(quote("\ufeffBTC")).symbol).toBe("\ufeffBTC");
  });
});

describe("decodeFrame into slots", () => {
  it("gives the same messages as without, frame after frame, whatever came before", () => {
    const slots = createDecodeSlots();
    const frames = vectors.official.map((vector) => bytesOf(vector.hex));
    for (const frame of [...frames, ...frames.toReversed()]) {
      expect(decodeFrame(frame, slots)).toEqual(decodeFrame(frame));
    }
  });

  it("leaves the levels of an earlier frame alone", () => {
    const slots = createDecodeSlots();
    const first = decodeFrame(vectorNamed("diff_1x1_delete"), slots);
    if (!first.ok || first.message.kind !== "depth_diff") throw new TypeError("was not decoded");
    const { bids } = first.message;
    decodeFrame(vectorNamed("diff_realprefix"), slots);
    expect([...bids]).toEqual([5978655, 0]);
  });
});
