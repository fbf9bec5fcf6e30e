import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { recordingSource } from "../../../src/sim/recording/recording.ts";
import { rejection } from "../../base/rejection.ts";
import { allOf, RECORDING, recording_is_here, temporaryFile } from "../markets.ts";

const SNAPSHOT =
  '{"lastUpdateId":7,"bids":[["100.10000000","1.50000000"]],"asks":[["100.20000000","2.00000000"]]}';
const DIFF =
  '{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":8,"u":9,"b":[["100.10000000","0.00000000"]],"a":[]}}';
const QUOTE =
  '{"stream":"btcusdt@bookTicker","data":{"u":9,"s":"BTCUSDT","b":"100.10000000","B":"1.00000000","a":"100.20000000","A":"0.30000001"}}';
const TRADE =
  '{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255344,"s":"BTCUSDT","t":41,"p":"100.20000000","q":"0.00000007","T":1723161255342,"m":true,"M":true}}';

function recordingOf(lines: readonly string[]): string {
  const path = temporaryFile("recording.gz");
  writeFileSync(path, gzipSync(`${lines.join("\n")}\n`));
  return path;
}

const refusal = (path: string) => rejection(recordingSource([path]));

describe("a recording", () => {
  it("gives every number of its text exactly, in µs and at 1e-8", async () => {
    const path = recordingOf([
      `1723161253937085768 ${DIFF}`,
      `1723161254000000000 ${SNAPSHOT}`,
      `1723161254087891268 ${QUOTE}`,
      `1723161254087896568 ${TRADE}`,
    ]);
    const source = await recordingSource([path]);
    const [diff, quote, trade, ...more] = allOf(source);
    // The trade left at …344 and arrived at …087896: the largest difference of the two that have times.
    const diff_offset_us = 1_723_161_255_208_000 - 1_723_161_253_937_085;
    const trade_offset_us = 1_723_161_255_344_000 - 1_723_161_254_087_896;
    const offset_us = Math.max(diff_offset_us, trade_offset_us);
    expect(source.symbol).toBe("BTCUSDT");
    expect(source.start_us).toBe(1_723_161_253_937_085 + offset_us);
    expect(source.snapshot).toEqual({
      last_update_id: 7,
      bids: new Float64Array([10_010_000_000, 150_000_000]),
      asks: new Float64Array([10_020_000_000, 200_000_000]),
    });
    expect(diff?.message).toEqual({
      kind: "depth_diff",
      event_time_us: 1_723_161_255_208_000,
      first_book_update_id: 8,
      last_book_update_id: 9,
      price_exponent: -8,
      qty_exponent: -8,
      bids: new Float64Array([10_010_000_000, 0]),
      asks: new Float64Array(),
      symbol: "BTCUSDT",
    });
    expect(quote?.message).toEqual({
      kind: "best_bid_ask",
      event_time_us: 1_723_161_254_087_891 + offset_us,
      book_update_id: 9,
      price_exponent: -8,
      qty_exponent: -8,
      bid_price: 10_010_000_000,
      bid_qty: 100_000_000,
      ask_price: 10_020_000_000,
      ask_qty: 30_000_001,
      symbol: "BTCUSDT",
    });
    expect(trade?.message).toEqual({
      kind: "trades",
      event_time_us: 1_723_161_255_344_000,
      transact_time_us: 1_723_161_255_342_000,
      price_exponent: -8,
      qty_exponent: -8,
      trades: [{ id: 41, price: 10_020_000_000, qty: 7, is_buyer_maker: true }],
      symbol: "BTCUSDT",
    });
    expect(more).toEqual([]);
  });

  it("is refused with the line's number where a line cannot be read", async () => {
    const head = [`1723161253937085768 ${DIFF}`, `1723161254000000000 ${SNAPSHOT}`];
    expect(await refusal(recordingOf([...head, "no time {}"]))).toMatchObject({
      code: "TAPE_INVALID",
      message: expect.stringContaining("line 3"),
    });
    const bad_price = TRADE.replace("100.20000000", "100.200000001");
    const source = await recordingSource([recordingOf([...head, `1723161254087896568 ${bad_price}`])]);
    expect(() => allOf(source)).toThrow(/line 3/);
  });

  it("is refused where it holds no snapshot, goes back in time, or is cut short", async () => {
    const no_snapshot = recordingOf([`1723161253937085768 ${DIFF}`]);
    expect(await refusal(no_snapshot)).toMatchObject({ code: "TAPE_INVALID" });
    const backwards = recordingOf([`1723161253937085768 ${DIFF}`, `1723161253000000000 ${SNAPSHOT}`]);
    expect(await refusal(backwards)).toMatchObject({ message: expect.stringContaining("never decrease") });
    const cut = temporaryFile("cut.gz");
    writeFileSync(cut, gzipSync(`1723161253937085768 ${DIFF}\n`.repeat(1_000)).subarray(0, -12));
    expect(await refusal(cut)).toMatchObject({ code: "TAPE_INVALID" });
    expect(await refusal("/nowhere/at.all")).toMatchObject({ code: "TAPE_INVALID" });
  });

  it.skipIf(!recording_is_here)("of the real market is complete, in order, and never early", async () => {
    const source = await recordingSource(RECORDING);
    const counts = { trades: 0, best_bid_ask: 0, depth_diff: 0, depth_snapshot: 0 };
    let last_at_us = 0;
    let next_trade_id = 3_735_683_259;
    let last_quote_us = 0;
    const messages = source.messages();
    for (let step = messages.next(); !step.done; step = messages.next()) {
      const { at_us, message } = step.value;
      counts[message.kind]++;
      expect(at_us).toBeGreaterThanOrEqual(last_at_us);
      expect(at_us).toBeGreaterThanOrEqual(Number(message.event_time_us));
      last_at_us = at_us;
      if (message.kind === "trades") expect(message.trades[0]!.id).toBe(next_trade_id++);
      if (message.kind !== "best_bid_ask") continue;
      expect(Number(message.event_time_us)).toBeGreaterThanOrEqual(last_quote_us);
      last_quote_us = Number(message.event_time_us);
    }
    expect(counts).toEqual({ trades: 19_904, best_bid_ask: 73_174, depth_diff: 6_495, depth_snapshot: 0 });
    expect(source.snapshot.bids.length).toBe(2_000);
    expect(source.snapshot.last_update_id).toBe(50_093_239_218);
  });
});
